"""The resource kit: a noun described once; its table, operations, routes and pages follow."""
