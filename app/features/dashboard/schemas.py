"""What crosses the border of the dashboard."""

from pydantic import BaseModel


class DayCount(BaseModel):
    """One day's sign-ins; `day` is `YYYY-MM-DD` in UTC."""

    day: str
    succeeded: int
    failed: int
