import { useSyncExternalStore } from "react";

const watchers = new Set();
let clock;
let ticks = 1;

function watch(watcher) {
  watchers.add(watcher);
  clock ??= setInterval(() => {
    ticks += 1;
    watchers.forEach((each) => each());
  }, 30_000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      clearInterval(clock);
      clock = undefined;
    }
  };
}

// The page's language, whatever the browser's is: one page does not name months in two.
// Kept: to make one takes as long as to draw a row.
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "medium" });

/** A day and a time to the minute, where its reader is: *4 Dec 2026, 09:30*. */
export const momentText = (moment) => MOMENT.format(new Date(moment));

const STEPS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [86_400 * 30, 86_400, "d"],
];

function words(moment, now) {
  const seconds = Math.round((now - moment) / 1000);
  const distance = Math.abs(seconds);
  if (distance < 45) return "just now";
  const step = STEPS.find(([limit]) => distance < limit);
  if (!step) return DAY.format(moment);
  const amount = `${Math.max(1, Math.round(distance / step[1]))} ${step[2]}`;
  return seconds >= 0 ? `${amount} ago` : `in ${amount}`;
}

/** A moment in words that stay true, with the exact time on hover. */
export function RelativeTime({ value, missing = "Never", exact = false, ...rest }) {
  // 0 where the reader's clock is not known yet: in a page drawn before there was a reader.
  const tick = useSyncExternalStore(watch, () => ticks, () => 0);
  const moment = value ? Date.parse(value) : NaN;
  if (Number.isNaN(moment)) return <span className="quiet">{missing}</span>;
  const full = tick ? EXACT.format(moment) : undefined;
  const short = String(value).slice(0, 10);
  return (
    <time {...rest} className="time" dateTime={String(value)} title={full} suppressHydrationWarning>
      {tick ? (exact ? full : words(moment, Date.now())) : short}
    </time>
  );
}
