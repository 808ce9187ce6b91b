const WIDTH = 100;
const HEIGHT = 30;
const PAD = 2;

const numbers = (values) => values.map((value) => Number(value) || 0);
const words = (value) => Number(value).toLocaleString("en-US");

/** What a chart shows, for who does not see it. */
export function SeriesTable({ label, head, series, rows, nameOf }) {
  return (
    <table className="visually-hidden">
      <caption>{label}</caption>
      <thead>
        <tr>
          <th scope="col">{head}</th>
          {series.map(({ key, title }) => (
            <th scope="col" key={key}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index}>
            <th scope="row">{nameOf(row)}</th>
            {series.map(({ key }) => (
              <td key={key}>{words(row[key] ?? 0)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A line without axes: which way a number went. */
export function Sparkline({ values = [], label }) {
  const points = numbers(values);
  const top = Math.max(...points, 1);
  const low = Math.min(...points, 0);
  const x = (index) => (points.length > 1 ? (index / (points.length - 1)) * WIDTH : WIDTH);
  const y = (value) => HEIGHT - PAD - ((value - low) / (top - low || 1)) * (HEIGHT - 2 * PAD);
  const line = points.map((value, index) => `${index ? "L" : "M"}${x(index).toFixed(2)} ${y(value).toFixed(2)}`).join("");
  const last = points.at(-1);
  const summary = points.length
    ? `${label}: from ${words(points[0])} to ${words(last)}, highest ${words(Math.max(...points))}`
    : `${label}: no values`;
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
      {points.length > 1 ? (
        <>
          <path className="sparkline-area" d={`${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
          <path className="sparkline-line" d={line} vectorEffect="non-scaling-stroke" />
        </>
      ) : null}
    </svg>
  );
}

/** Bars by label, drawn from the page's own boxes, with the numbers as a table behind them. */
export function Bars({ points = [], label, labelTitle = "When", series = [] }) {
  const total = (point) => series.reduce((sum, { key }) => sum + (Number(point[key]) || 0), 0);
  const top = Math.max(...points.map(total), 1);
  const first = points[0]?.label;
  const last = points.at(-1)?.label;
  return (
    <figure className="bars">
      {series.length > 1 ? (
        <figcaption className="bars-legend" aria-hidden="true">
          {series.map(({ key, title, tone }) => (
            <span key={key}>
              <i className={`bars-key tone-${tone}`} />
              {title}
            </span>
          ))}
          <span className="bars-top">{words(top)}</span>
        </figcaption>
      ) : null}
      <div className="bars-plot" aria-hidden="true">
        {points.map((point, index) => (
          <span
            className="bars-column"
            key={point.label ?? index}
            title={`${point.label}: ${series.map(({ key, title }) => `${words(point[key] ?? 0)} ${title}`).join(", ")}`}
          >
            {series.map(({ key, tone }) => (
              <span key={key} className={`bars-bar tone-${tone}`} style={{ flexBasis: `${((Number(point[key]) || 0) / top) * 100}%` }} />
            ))}
          </span>
        ))}
      </div>
      <div className="bars-axis" aria-hidden="true">
        <span>{first}</span>
        <span>{last}</span>
      </div>
      <SeriesTable label={label} head={labelTitle} series={series} rows={points} nameOf={(point) => point.label} />
    </figure>
  );
}
