"""The product's version: the command line's, the API's, the package's."""

VERSION = "0.1.0"
