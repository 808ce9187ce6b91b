"""What every module has to keep. `problems(module, package)` is empty for one that does.

def test_conforms() -> None:
assert conformance.problems(shop.module.module, "shop") == []
"""

from app.core.module import Module
from app.core.operations import operations_in, services_in
from app.core.permissions import PUBLIC, SIGNED_IN, is_permission
from app.core.registry import Registry
from app.http.coverage import RestRoute, rest_routes

__all__ = ["RestRoute", "operations_in", "problems", "rest_routes", "services_in"]


def problems(module: Module, package: str, registry: Registry | None = None) -> list[str]:
    """What a module does not keep, in sentences.

    Args:
        module: The module.
        package: The package it lives in; all its files are imported.
        registry: What is installed besides, when the module uses others' permissions.
    """
    own = {str(name) for enumeration in module.permissions for name in enumeration}
    declared = own | {str(name) for name in registry.permissions} if registry else own
    operations = operations_in(package)
    gated = {name: operation for name, operation in operations.items() if operation is not None}
    found = [f"{name} passes no gate" for name, operation in operations.items() if not operation]
    for name, operation in gated.items():
        if operation.permission not in (declared | {PUBLIC, SIGNED_IN}):
            found.append(f"{name} needs {operation.permission}, which no module declares")
        if not is_permission(operation.action):
            found.append(f"{name} is recorded as {operation.action!r}, which is no action")
    used = {operation.permission for operation in gated.values()}
    used |= {str(name) for name in module.asked}
    used |= {page.permission for page in module.pages} | {item.permission for item in module.nav}
    found += [f"the permission {name} opens nothing" for name in sorted(own - used)]
    for router in (module.router, module.console_router):
        for route in router.routes if router is not None else ():
            if getattr(route, "operation", None) not in gated.values():
                found.append(f"the route {getattr(route, 'path', route)} calls no operation")
    return found
