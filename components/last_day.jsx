import { useEffect, useReducer, useState } from "react";

/** The end of a day in the reader's own time zone, as ISO 8601; empty for no day. */
export function endOf(day) {
  if (!day) return "";
  const [year, month, date] = day.split("-").map(Number);
  // Straight to the next midnight: this day may have none of its own, where clocks go forward then.
  const end = new Date(2000, 0, 1);
  end.setFullYear(year, month - 1, date + 1);
  return end.toISOString();
}

/** The last day before a moment, in the reader's own time zone; empty for none. */
export function lastDayOf(moment) {
  if (!moment) return "";
  const date = new Date(new Date(moment) - 1);
  return new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
}

const DAY = { day: "numeric", month: "short", year: "numeric" };
const TIME = { ...DAY, hour: "2-digit", minute: "2-digit" };

/** A moment at which something ends: "the end of 4 Dec 2026", where that is when a day ends. */
export function endInWords(moment) {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return "";
  const last = lastDayOf(moment);
  if (new Date(endOf(last)).getTime() !== date.getTime()) return date.toLocaleString("en-GB", TIME);
  return `the end of ${new Date(date - 1).toLocaleDateString("en-GB", DAY)}`;
}

/** The same as an element; what has ended says so. */
export function End({ value, missing = "for good" }) {
  const [isHere, arrive] = useReducer(() => true, false);
  useEffect(arrive, []);
  if (!value) return <span className="quiet">{missing}</span>;
  const words = isHere ? endInWords(value) : String(value).slice(0, 10);
  return (
    <time className="time" dateTime={String(value)} title={isHere ? new Date(value).toLocaleString("en-GB") : undefined}>
      {isHere && new Date(value) <= new Date() ? words.replace(/^(the end of )?/, "ended $1") : words}
    </time>
  );
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
