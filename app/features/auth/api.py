"""REST for programs (`/auth`), and the console's own session endpoints (`/session`).

The two never mix: programs send a bearer token, the console an HttpOnly cookie.
"""

from typing import Annotated
from uuid import UUID

from dishka import FromDishka
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from app.core.paging import Page
from app.features.auth.reset_service import ResetService
from app.features.auth.schemas import (
    Credentials,
    EndedSessions,
    Identity,
    PasswordChange,
    PasswordChangeForm,
    PasswordChoice,
    Reauthentication,
    ReauthenticationForm,
    RefreshRequest,
    SessionRead,
    SignInForm,
    StartedSession,
    TokenPair,
)
from app.features.auth.service import AuthService
from app.features.auth.session_service import SessionService
from app.http.cookies import clear_session_cookie, set_session_cookie
from app.http.idempotency import secret_answer
from app.http.origin import local_path
from app.http.problems import problem, problems
from app.http.routing import ConsoleRoute, OperationRoute, calls

_WRONG = problem(401, "auth.credentials.wrong", "E-mail address or password is wrong.")
_USED = problem(401, "auth.refresh.reused", "This refresh token was used before; sign in again.")
_ENDED = problem(404, "session.not_found", "There is no such session.")

router = APIRouter(tags=["auth"], route_class=OperationRoute)

_OF_USER = "/users/{user_id}/sessions"


@router.post("/auth/login", responses=_WRONG | problems(429))
@calls(AuthService.issue_tokens)
async def login(credentials: Credentials, auth: FromDishka[AuthService]) -> TokenPair:
    """Sign in with e-mail address and password."""
    return await auth.issue_tokens(credentials)


@router.post("/auth/refresh", responses=_USED)
@calls(AuthService.refresh)
async def refresh_tokens(request: RefreshRequest, auth: FromDishka[AuthService]) -> TokenPair:
    """Exchange a refresh token for a new pair; a second use of it, later, ends the session."""
    return await auth.refresh(request)


@router.post("/auth/logout", status_code=204)
@calls(AuthService.sign_out)
async def logout(auth: FromDishka[AuthService]) -> None:
    """End the session; its access and refresh tokens are worth nothing from now on."""
    await auth.sign_out()


@router.post("/users/change-password", responses=problems(429))
@calls(AuthService.change_password_for_tokens)
@secret_answer
async def change_own_password(change: PasswordChange, auth: FromDishka[AuthService]) -> TokenPair:
    """Change one's own password; all sessions end, and this answer begins a new one."""
    return await auth.change_password_for_tokens(change)


@router.post("/auth/reauthenticate", status_code=204, responses=problems(429))
@calls(AuthService.reauthenticate)
async def reauthenticate(given: Reauthentication, auth: FromDishka[AuthService]) -> None:
    """Give one's password again; operations that need a recent sign-in are open for a while."""
    await auth.reauthenticate(given.password)


@router.get("/auth/me")
@calls(AuthService.identity)
async def get_identity(auth: FromDishka[AuthService]) -> Identity:
    """Tell who the caller is, and what they may do."""
    return await auth.identity()


@router.get("/auth/sessions")
@calls(SessionService.own)
async def list_own_sessions(sessions: FromDishka[SessionService]) -> Page[SessionRead]:
    """List one's own sessions: browsers, and programs that hold a refresh token."""
    return Page(items=await sessions.own())


@router.delete("/auth/sessions")
@calls(SessionService.end_others)
async def end_other_sessions(sessions: FromDishka[SessionService]) -> EndedSessions:
    """End all of one's own sessions but the one of this call."""
    return EndedSessions(count=await sessions.end_others())


@router.delete("/auth/sessions/{session_id}", status_code=204, responses=_ENDED)
@calls(SessionService.end_own)
async def end_own_session(session_id: UUID, sessions: FromDishka[SessionService]) -> None:
    """End one of one's own sessions; its tokens are worth nothing from now on."""
    await sessions.end_own(session_id)


@router.get(_OF_USER, responses=problems(404))
@calls(SessionService.of_user)
async def list_user_sessions(
    user_id: UUID, sessions: FromDishka[SessionService]
) -> Page[SessionRead]:
    """List a user's sessions."""
    return Page(items=await sessions.of_user(user_id))


@router.delete(_OF_USER, responses=problems(404))
@calls(SessionService.revoke_all)
async def end_user_sessions(user_id: UUID, sessions: FromDishka[SessionService]) -> EndedSessions:
    """End all of a user's sessions, except the one of this call."""
    return EndedSessions(count=await sessions.revoke_all(user_id))


@router.delete(f"{_OF_USER}/{{session_id}}", status_code=204, responses=_ENDED)
@calls(SessionService.revoke)
async def end_user_session(
    user_id: UUID, session_id: UUID, sessions: FromDishka[SessionService]
) -> None:
    """End one of a user's sessions."""
    await sessions.revoke(user_id, session_id)


console_router = APIRouter(prefix="/session", route_class=ConsoleRoute)


@console_router.post("/sign-in")
@calls(AuthService.sign_in)
async def sign_in(
    form: Annotated[SignInForm, Form()], auth: FromDishka[AuthService], request: Request
) -> Response:
    """Begin a console session and go where the person wanted to go."""
    session = await auth.sign_in(Credentials(email=form.email, password=form.password))
    return _with_session(request, session, form.next)


@console_router.post("/password")
@calls(AuthService.change_password)
async def change_password(
    form: Annotated[PasswordChangeForm, Form()], auth: FromDishka[AuthService], request: Request
) -> Response:
    """Change one's own password; the browser gets a new session."""
    change = PasswordChange(current_password=form.current_password, new_password=form.new_password)
    session = await auth.change_password(change)
    return _with_session(request, session, form.next)


@console_router.post("/reauthenticate", status_code=204)
@calls(AuthService.reauthenticate)
async def reauthenticate_here(
    form: Annotated[ReauthenticationForm, Form()], auth: FromDishka[AuthService], request: Request
) -> Response:
    """The same for the console, with a new cookie: no event and no state holds the password."""
    session = await auth.reauthenticate(form.password)
    response = Response(status_code=204)
    if session is not None:
        _give_cookie(response, request, session)
    return response


@console_router.post("/reset-password")
@calls(ResetService.choose_password)
async def reset_password(
    choice: Annotated[PasswordChoice, Form()], resets: FromDishka[ResetService], request: Request
) -> Response:
    """Choose a password by a one-time link, and go to sign in with it."""
    await resets.choose_password(choice)
    return _go(request, "/sign-in")


@console_router.post("/sign-out")
@calls(AuthService.sign_out)
async def sign_out(auth: FromDishka[AuthService], request: Request) -> Response:
    """End the console session."""
    await auth.sign_out()
    response = _go(request, "/sign-in")
    clear_session_cookie(response, request.scope)
    return response


def _with_session(request: Request, session: StartedSession, wanted: str) -> Response:
    response = _go(request, local_path(wanted))
    _give_cookie(response, request, session)
    return response


def _give_cookie(response: Response, request: Request, session: StartedSession) -> None:
    set_session_cookie(
        response, request.scope, session.cookie, lifetime_seconds=session.lifetime_seconds
    )


def _go(request: Request, path: str) -> Response:
    """A script that sends the form itself asks for JSON; a plain form follows the redirect."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"location": path})
    return RedirectResponse(path, 303)
