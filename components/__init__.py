"""The design kit: values in, `rx.Component` out; it knows no feature and no service."""
