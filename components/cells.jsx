import { Link } from "$/public/external/components/link.jsx";
import { RelativeTime, momentText } from "$/public/external/components/relative_time.jsx";

/** What the server sends instead of a value that the reader may not see. */
export const isHidden = (value) => Boolean(value && value.hidden === true);
export const isNothing = (value) => value === null || value === undefined || value === "";

// Kept: to make one takes as long as to draw a row.
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const PARTS = /^(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?$/;

/** A number's text with its thousands apart; never rounded, as a number of JavaScript would be. */
export function grouped(text) {
  const [, sign, whole, rest] = String(text).match(/^(-?)(\d+)(.*)$/) ?? [];
  if (whole === undefined) return String(text);
  return `${sign ? "\u2212" : ""}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${rest}`;
}

/** The seconds of a length of time such as `PT1H30M`; null when it is none. */
export function secondsOf(iso) {
  const found = PARTS.exec(String(iso));
  if (!found) return null;
  const [, sign, days = 0, hours = 0, minutes = 0, seconds = 0] = found;
  const total = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return sign ? -total : total;
}

function lengthText(iso) {
  const total = secondsOf(iso);
  if (total === null) return String(iso);
  const whole = Math.abs(total);
  const parts = [
    [Math.floor(whole / 3600), "h"],
    [Math.floor((whole % 3600) / 60), "min"],
    [whole % 60, "s"],
  ].filter(([amount]) => amount);
  const words = parts.map(([amount, unit]) => `${grouped(amount)} ${unit}`).join(" ") || "0 min";
  return total < 0 ? `\u2212${words}` : words;
}

const titleOf = (column, value) => column.options?.find(([word]) => word === value)?.[1] ?? String(value);

const TEXTS = {
  integer: grouped,
  number: grouped,
  money: (value) => `${grouped(value.amount)} ${value.currency}`,
  boolean: (value) => (value ? "Yes" : "No"),
  date: (value) => DAY.format(new Date(`${value}T00:00:00Z`)),
  moment: momentText,
  duration: lengthText,
  reference: (value) => value.label ?? "a record that you may not see",
  json: (value) => JSON.stringify(value),
};

/** A value in words; empty for nothing. */
export function textOf(column, value) {
  if (isNothing(value) || isHidden(value)) return "";
  if (column.kind === "choice") return titleOf(column, value);
  return TEXTS[column.kind]?.(value) ?? String(value);
}

/** What a value says beyond its text. */
const CELLS = {
  moment: ({ value }) => <RelativeTime value={value} />,
  date: ({ column, value }) => (
    <time className="time" dateTime={value}>
      {textOf(column, value)}
    </time>
  ),
  boolean: ({ value }) => (
    <span className={value ? "yes-no" : "yes-no quiet"}>
      <svg className="icon icon-s" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
        <path d={value ? "M20 6 9 17l-5-5" : "M6 12h12"} />
      </svg>
      {value ? "Yes" : "No"}
    </span>
  ),
  choice: ({ column, value }) => <span className="badge badge-neutral">{titleOf(column, value)}</span>,
  colour: ({ value }) => (
    <span className="colour">
      <span className="colour-swatch" style={{ background: value }} aria-hidden="true" />
      <span className="mono">{value}</span>
    </span>
  ),
  email: ({ value }) => (
    <a className="link" href={`mailto:${encodeURI(value)}`}>
      {value}
    </a>
  ),
  // Whatever was stored: a link is followed only to the web.
  url: ({ value }) =>
    /^https?:\/\//i.test(value) ? (
      <a className="link" href={value} target="_blank" rel="noopener noreferrer nofollow">
        {value.replace(/^https?:\/\//i, "")}
      </a>
    ) : (
      value
    ),
  reference: ({ column, value }) =>
    column.leads && value.label !== null ? (
      <Link className="link" to={`${column.path}/${value.id}`}>
        {textOf(column, value)}
      </Link>
    ) : (
      textOf(column, value)
    ),
  json: ({ value }) => <code className="mono">{JSON.stringify(value)}</code>,
};

/** A value as its type is shown; nothing for no value. */
export function Cell({ column, value }) {
  if (isHidden(value)) {
    return (
      <span className="quiet" title="Your roles do not let you see this">
        hidden
      </span>
    );
  }
  if (isNothing(value)) return null;
  const Shown = CELLS[column.kind];
  return Shown ? <Shown column={column} value={value} /> : textOf(column, value);
}
