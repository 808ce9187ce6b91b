import { useState } from "react";

/** The end of a day in the reader's own time zone, as ISO 8601; empty for no day. */
export function endOf(day) {
  if (!day) return "";
  const end = new Date(`${day}T00:00`);
  end.setDate(end.getDate() + 1);
  return end.toISOString();
}

/** The last day before a moment, in the reader's own time zone; empty for none. */
export function lastDayOf(moment) {
  if (!moment) return "";
  const date = new Date(new Date(moment) - 1);
  return new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
}

/** The day now, in the reader's own time zone. */
export const today = () => lastDayOf(Date.now() + 1);

/** A field for a last day; the form gets the moment at which that day ends. */
export function LastDay({ name, ...input }) {
  const [day, setDay] = useState("");
  return (
    <>
      <input {...input} type="date" min={today()} value={day} onChange={(event) => setDay(event.target.value)} />
      <input type="hidden" name={name} value={endOf(day)} readOnly />
    </>
  );
}
