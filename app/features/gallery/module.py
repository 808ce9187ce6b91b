"""The gallery feature; not part of a production installation."""

from app.core.module import Module, PageSpec
from app.core.permissions import SIGNED_IN
from components.gallery import gallery_page, gallery_sign_in_page

module = Module(
    id="gallery",
    pages=(
        PageSpec(
            "/gallery", "Gallery", SIGNED_IN, gallery_page, framed=False, development_only=True
        ),
        PageSpec(
            "/gallery/sign-in",
            "Gallery: sign-in",
            SIGNED_IN,
            gallery_sign_in_page,
            framed=False,
            development_only=True,
        ),
    ),
)
