import { memo, useRef } from "react";
import { Cell, isHidden, textOf } from "$/public/external/components/cells.jsx";
import { PageCheckbox, RowCheckbox } from "$/public/external/components/checkbox.jsx";
import { ColumnResizer } from "$/public/external/components/column_resizer.jsx";
import { Link } from "$/public/external/components/link.jsx";

const AT_THE_END = ["integer", "number", "money", "duration"];
const NARROW = [...AT_THE_END, "boolean", "choice", "colour", "date", "moment"];
const SHOWS_MORE = ["moment", "boolean", "choice", "colour"];

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** The value of before as long as the new one says the same: each answer brings new objects. */
function useKept(value) {
  const kept = useRef(value);
  if (!same(kept.current, value)) kept.current = value;
  return kept.current;
}

function classOf(column, first) {
  const size = first ? "wide" : NARROW.includes(column.kind) ? "fit" : "auto";
  return `column-${size}${AT_THE_END.includes(column.kind) ? " column-end" : ""}`;
}

const widthOf = (column) => ({ "--width": `var(--width-${column.key})` });

const Row = memo(
  function Line({ row, columns, base, picked, action, onSelect, onAction }) {
    const [id, ...values] = row;
    const name = isHidden(values[0]) ? "hidden" : textOf(columns[0], values[0]) || "without a name";
    return (
      <tr className="row" role="row" data-row={id} data-selected={onSelect ? String(picked) : undefined}>
        {onSelect ? (
          <td className="column-box" role="cell">
            <RowCheckbox row={id} checked={picked} onSelect={onSelect} aria-label={`Select ${name}`} />
          </td>
        ) : null}
        {columns.map((column, at) => (
          <td
            key={column.key}
            className={classOf(column, at === 0)}
            role="cell"
            data-label={column.title}
            style={widthOf(column)}
          >
            <div className="cell" title={at && SHOWS_MORE.includes(column.kind) ? undefined : textOf(column, values[at]) || undefined}>
              {at === 0 && base ? (
                <Link className="cell-link" to={`${base}/${id}`}>
                  {name}
                </Link>
              ) : at === 0 ? (
                name
              ) : (
                <Cell column={column} value={values[at]} />
              )}
            </div>
          </td>
        ))}
        {action ? (
          <td className="column-actions" role="cell">
            <button type="button" className="button button-ghost button-s" aria-label={`${action} ${name}`} onClick={() => onAction(id)}>
              {action}
            </button>
          </td>
        ) : null}
      </tr>
    );
  },
  (before, now) =>
    before.columns === now.columns &&
    before.base === now.base &&
    before.picked === now.picked &&
    before.action === now.action &&
    Boolean(before.onSelect) === Boolean(now.onSelect) &&
    same(before.row, now.row),
);

function Arrow({ path, hint }) {
  return (
    <svg className={`icon icon-xs${hint ? " sort-hint" : ""}`} viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

const RISING = "m5 12 7-7 7 7M12 19V5";
const FALLING = "M12 5v14m7-7-7 7-7-7";
const NEITHER = "m7 15 5 5 5-5M7 9l5-5 5 5";

function Heading({ column, first, sort, width, onSort, onResize }) {
  const rising = sort === column.key;
  const falling = sort === `-${column.key}`;
  return (
    <th
      scope="col"
      role="columnheader"
      className={classOf(column, first)}
      style={widthOf(column)}
      aria-sort={column.sorts ? (rising ? "ascending" : falling ? "descending" : "none") : undefined}
    >
      {column.sorts ? (
        <button type="button" className="sort-button" onClick={() => onSort(rising ? `-${column.key}` : column.key)}>
          <span>{column.title}</span>
          <Arrow path={rising ? RISING : falling ? FALLING : NEITHER} hint={!rising && !falling} />
        </button>
      ) : (
        <span>{column.title}</span>
      )}
      {onResize ? <ColumnResizer column={column.key} width={width} label={`Width of ${column.title}`} onResize={onResize} /> : null}
    </th>
  );
}

function Skeleton({ columns, boxes }) {
  const cells = columns.length ? columns : Array.from({ length: 4 }, (_, at) => ({ key: at, kind: "text" }));
  return (
    <tbody className="skeleton-rows" aria-hidden="true">
      {Array.from({ length: 8 }, (_, line) => (
        <tr key={line}>
          {boxes ? <td className="column-box" /> : null}
          {cells.map((column, at) => (
            <td key={column.key} className={classOf(column, at === 0)}>
              <div className="skeleton" />
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

/** The records of any resource: `columns` tell each value's type, `rows` hold the id and then the values. */
export function ResourceTable({
  columns,
  rows,
  base,
  label,
  sort,
  widths,
  compact,
  loading,
  selectable,
  selected,
  allSelected,
  onSort,
  onResize,
  onSelect,
  action,
  onAction,
  children,
}) {
  const shown = useKept(columns);
  const onPick = selectable ? onSelect : undefined;
  const empty = rows.length === 0;
  return (
    <div className={compact ? "table-frame table-compact" : "table-frame"}>
      {shown.some((column) => column.sorts) ? (
        <div className="sort-on-phone">
        <select className="input" aria-label="Sort by" value={sort} onChange={(event) => onSort(event.target.value)}>
          <option value="">Default order</option>
          {shown
            .filter((column) => column.sorts)
            .flatMap((column) => [
              <option key={column.key} value={column.key}>
                {column.title}, rising
              </option>,
              <option key={`-${column.key}`} value={`-${column.key}`}>
                {column.title}, falling
              </option>,
            ])}
        </select>
        </div>
      ) : null}
      <div className="table-scroll">
        <table className="table" role="table" aria-label={label} aria-busy={loading ? "true" : "false"} data-selection={selectable || undefined}>
          <thead role="rowgroup">
            <tr role="row">
              {onPick ? (
                <th className="column-box" scope="col" role="columnheader">
                  <PageCheckbox rows={rows} rowKey={0} selected={selected} all={allSelected} onSelect={onPick} aria-label="Select all on this page" />
                </th>
              ) : null}
              {shown.map((column, at) => (
                <Heading
                  key={column.key}
                  column={column}
                  first={at === 0}
                  sort={sort}
                  width={widths?.[column.key] ?? 0}
                  onSort={onSort}
                  onResize={onResize}
                />
              ))}
              {action ? (
                <th className="column-actions" scope="col" role="columnheader">
                  <span className="visually-hidden">Actions</span>
                </th>
              ) : null}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {rows.map((row, at) => (
              // By its place, so that the next page is drawn into the rows of this one.
              <Row key={at} row={row} columns={shown} base={base} picked={Boolean(allSelected || selected?.includes(row[0]))} action={action} onSelect={onPick} onAction={onAction} />
            ))}
          </tbody>
          {loading && empty ? <Skeleton columns={shown} boxes={Boolean(onPick)} /> : null}
        </table>
      </div>
      <div className="table-instead">{empty && !loading ? children : null}</div>
    </div>
  );
}
