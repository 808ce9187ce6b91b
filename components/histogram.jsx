import { useEffect, useId, useRef, useState } from "react";
import { SeriesTable } from "$/public/external/components/chart.jsx";

const DAY_MS = 86_400_000;
/** Narrower than this a bar cannot be pointed at. */
const LEAST_WIDTH = 12;
const PARTS = { ArrowUp: -1, ArrowDown: 1 };

const number = (value) => Number(value) || 0;
const words = (value) => number(value).toLocaleString("en-US");

/** How a stretch of time is written: days as the server counts them, what is shorter by one's own clock. */
function told(start, end) {
  const [from, to] = [new Date(start), new Date(end)];
  const isDays = to - from >= DAY_MS;
  const zone = isDays ? "UTC" : undefined;
  const day = (moment) => moment.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: zone });
  const named = from.getTimezoneOffset() ? ` ${zone}` : "";
  if (!isDays) {
    const time = (moment) => moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    return `${day(from)}, ${time(from)}–${time(to)}`;
  }
  const last = new Date(to - DAY_MS);
  return (last > from ? `${day(from)} – ${day(last)}` : day(from)) + named;
}

/** The beginning of a stretch of time. */
const beginning = (bar) => told(bar.start, bar.end).split("–")[0].replace("UTC", "").trim();

/** Draws several neighbours as one where there is no room for each. */
function merged(bars, keys, width) {
  const each = width ? Math.max(1, Math.ceil((bars.length * LEAST_WIDTH) / width)) : 1;
  const groups = [];
  for (let at = bars.length; at > 0; at -= each) groups.unshift(bars.slice(Math.max(0, at - each), at));
  return groups.map((group) => ({
    start: group[0].start,
    end: group.at(-1).end,
    ...Object.fromEntries(keys.map((key) => [key, group.reduce((sum, bar) => sum + number(bar[key]), 0)])),
  }));
}

function useWidth(element) {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** Bars over time: the usual upwards, the rest downwards, each on its own scale; one stop for the keyboard. */
export function Histogram({ bars = [], above, below = [], label, onChoose }) {
  const id = useId();
  const plot = useRef(null);
  const width = useWidth(plot);
  const [at, setAt] = useState(null);
  const [pointed, setPointed] = useState("");
  const series = [above, ...below];
  const columns = merged(bars, series.map(({ key }) => key), width);
  const beneath = (bar) => below.reduce((sum, { key }) => sum + number(bar[key]), 0);
  const most = (count) => Math.max(...columns.map(count), 0);
  const [top, bottom] = [most((bar) => number(bar[above.key])), most(beneath)];
  const hasBelow = columns.some(beneath);
  const parts = (bar) => ["", ...below.map(({ key }) => key).filter((key) => number(bar[key]) > 0)];
  const say = (bar, part) => {
    const told_ = series.filter(({ key }) => (part ? key === part : true));
    return `${told(bar.start, bar.end)}: ${told_.map(({ key, title }) => `${words(bar[key])} ${title.toLowerCase()}`).join(", ")}`;
  };
  const active = at && columns[at.column] && parts(columns[at.column]).includes(at.part) ? at : { column: columns.length - 1, part: "" };
  const option = ({ column, part }) => `${id}-${column}-${part}`;
  const choose = (column, part) => {
    setPointed("");
    onChoose?.(columns[column].start, columns[column].end, part);
  };
  const keys = (event) => {
    const { column, part } = active;
    const step = { ArrowLeft: column - 1, ArrowRight: column + 1, Home: 0, End: columns.length - 1 }[event.key];
    let next = null;
    if (step !== undefined) {
      const to = Math.max(0, Math.min(columns.length - 1, step));
      next = { column: to, part: parts(columns[to]).includes(part) ? part : "" };
    } else if (PARTS[event.key]) {
      const all = parts(columns[column]);
      next = { column, part: all[Math.max(0, Math.min(all.length - 1, all.indexOf(part) + PARTS[event.key]))] };
    } else if (event.key === "Enter" || event.key === " ") {
      choose(column, part);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (next) {
      setAt(next);
      setPointed(say(columns[next.column], next.part));
    }
  };
  const drawn = (bar, column, part, className, children) => (
    <div
      key={part}
      id={option({ column, part })}
      role="option"
      aria-label={say(bar, part)}
      aria-selected={active.column === column && active.part === part}
      className={className}
      title={say(bar, part)}
      onPointerEnter={() => setPointed(say(bar, part))}
      onClick={() => choose(column, part)}
      style={part ? { flexBasis: `${(number(bar[part]) / (bottom || 1)) * 100}%` } : undefined}
    >
      {children}
    </div>
  );
  return (
    <figure className="histogram">
      <figcaption className="histogram-legend" aria-hidden="true">
        {series.map(({ key, title, tone }) => (
          <span key={key}>
            <i className={`bars-key tone-${tone} mark-${key}`} />
            {title}
          </span>
        ))}
        <span className="histogram-pointed">{pointed}</span>
      </figcaption>
      <div
        ref={plot}
        className="histogram-plot"
        data-below={hasBelow || undefined}
        role="listbox"
        aria-orientation="horizontal"
        aria-label={label}
        aria-activedescendant={columns.length ? option(active) : undefined}
        tabIndex={0}
        onKeyDown={keys}
        onPointerLeave={() => setPointed("")}
        onBlur={() => setPointed("")}
      >
        {columns.map((bar, column) => (
          <div className="histogram-column" role="none" key={bar.start}>
            {drawn(
              bar,
              column,
              "",
              "histogram-above",
              <span className={`histogram-bar tone-${above.tone}`} data-none={!number(bar[above.key]) || undefined} style={{ blockSize: `${(number(bar[above.key]) / (top || 1)) * 100}%` }} />,
            )}
            {hasBelow ? (
              <div className="histogram-below" role="none">
                {below
                  .filter(({ key }) => number(bar[key]) > 0)
                  .map(({ key, tone }) => drawn(bar, column, key, `histogram-part tone-${tone} mark-${key}`, null))}
              </div>
            ) : null}
          </div>
        ))}
      </div>
      <div className="histogram-axis" aria-hidden="true">
        <span>{columns.length ? beginning(columns[0]) : ""}</span>
        <span>
          {[
            top ? `up to ${words(top)} ${above.title.toLowerCase()}` : "",
            bottom ? `up to ${words(bottom)} ${below.map(({ title }) => title.toLowerCase()).join(" or ")}` : "",
          ]
            .filter(Boolean)
            .join(", ")}
        </span>
        <span>{columns.length > 1 ? beginning(columns.at(-1)) : ""}</span>
      </div>
      <SeriesTable label={label} head="When" series={series} rows={columns} nameOf={(bar) => told(bar.start, bar.end)} />
    </figure>
  );
}

/** The most frequent ones, each a button with a bar behind its words. */
export function Shares({ shares = [], label, onChoose }) {
  const most = Math.max(...shares.map(({ count }) => number(count)), 1);
  return (
    <ul className="shares" aria-label={label}>
      {shares.map(({ value, label: name, count }) => (
        <li key={value}>
          <button type="button" className="share" title={name} onClick={() => onChoose?.(value)}>
            <span className="share-bar" style={{ inlineSize: `${(number(count) / most) * 100}%` }} />
            <span className="share-name">{name}</span>
            <span className="share-count">{words(count)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
