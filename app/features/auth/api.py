"""REST for programs (`/auth`), and the console's own session endpoints (`/session`).

The two never mix: programs send a bearer token, the console an HttpOnly cookie.
"""

from dishka import FromDishka
from fastapi import APIRouter

from app.features.auth.schemas import Credentials, Identity, RefreshRequest, TokenPair
from app.features.auth.service import AuthService
from app.http.routing import OperationRoute, calls

router = APIRouter(prefix="/auth", tags=["auth"], route_class=OperationRoute)


@router.post("/login")
@calls(AuthService.issue_tokens)
async def login(credentials: Credentials, auth: FromDishka[AuthService]) -> TokenPair:
    """Sign in with e-mail address and password."""
    return await auth.issue_tokens(credentials)


@router.post("/refresh")
@calls(AuthService.refresh)
async def refresh(request: RefreshRequest, auth: FromDishka[AuthService]) -> TokenPair:
    """Exchange a refresh token for a new pair; a second use of it ends the session."""
    return await auth.refresh(request)


@router.post("/logout", status_code=204)
@calls(AuthService.sign_out)
async def logout(auth: FromDishka[AuthService]) -> None:
    """End the session; its access and refresh tokens are worth nothing from now on."""
    await auth.sign_out()


@router.get("/me")
@calls(AuthService.identity)
async def me(auth: FromDishka[AuthService]) -> Identity:
    """Tell who the caller is, and what they may do."""
    return await auth.identity()
