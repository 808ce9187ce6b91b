"""What crosses the border of the dashboard."""

from typing import Literal

from pydantic import BaseModel


class UserNumbers(BaseModel):
    """How many users there are; `is_exact` is False when there are more than were counted."""

    active: int
    suspended: int
    is_exact: bool


class SignInDay(BaseModel):
    """One day's sign-ins to console and API; `day` is `YYYY-MM-DD` in UTC."""

    day: str
    succeeded: int
    failed: int
    people: int


class Activity(BaseModel):
    """The sign-ins of the last 30 days, oldest first, and the refusals of the last day."""

    days: list[SignInDay]
    people: int
    denied: int


class ComponentRead(BaseModel):
    """Whether a component of the platform is well; `milliseconds` is how long it took to say."""

    name: str
    state: Literal["up", "degraded", "down"]
    milliseconds: float
    problem: str
