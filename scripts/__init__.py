"""What the Makefile calls: set-up, builds and checks. Not part of the running application."""
