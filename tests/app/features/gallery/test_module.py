"""The gallery, where developers find it and nobody else."""

from app.core.registry import Registry
from app.features.gallery.module import module
from app.ui.page_policy import PagePolicy


def test_gallery_is_not_there_in_production() -> None:
    """A production installation answers as for any address that leads nowhere."""
    registry = Registry()
    registry.install(module)
    registry.freeze()

    assert PagePolicy(registry, development=True).by_path("/gallery") is not None
    assert PagePolicy(registry, development=False).by_path("/gallery") is None


def test_gallery_is_for_people_who_signed_in() -> None:
    """Also in development nobody else sees it."""
    assert {page.permission for page in module.pages} == {"signed_in"}
