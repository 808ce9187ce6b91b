import { memo, useDeferredValue, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { Link } from "$/public/external/components/link.jsx";

const has = (text, words) => words.every((word) => text.includes(word));
const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

/** The cells of a row stay while it is hidden: drawing twelve thousand anew takes a blink too long. */
const Cells = memo(function Cells({ row, columns, shown, marks }) {
  return (
    <>
      <th scope="row">
        <Link className="crosstab-name" to={row.href} title={row.title}>
          <span className="mono">{row.name}</span>
          <span className="crosstab-title">{row.title}</span>
        </Link>
      </th>
      {shown.map((index) => {
        const letters = row.cells[index];
        if (!letters) return <td key={index} />;
        const column = columns[index];
        const said = [...letters].map((letter) => marks[letter][1]).join(", ");
        return (
          <td key={index} className="crosstab-held">
            <a href={column.href} title={`${column.name}: ${said}`}>
              <span aria-hidden="true">{[...letters].map((letter) => marks[letter][0]).join("")}</span>
              <span className="visually-hidden">{said}</span>
            </a>
          </td>
        );
      })}
    </>
  );
});

const Group = memo(function Group({ name, rows, found, columns, shown, marks }) {
  return (
    <tbody hidden={!rows.some((row) => found.has(row))}>
      <tr className="crosstab-group">
        <th scope="rowgroup">{name}</th>
        <td colSpan={shown.length} />
      </tr>
      {rows.map((row) => (
        <tr key={row.name} hidden={!found.has(row)}>
          <Cells row={row} columns={columns} shown={shown} marks={marks} />
        </tr>
      ))}
    </tbody>
  );
});

/** Hundreds of rows and dozens of columns: filtered here, links followed by one listener. */
export function Matrix({ rows = [], columns = [], marks, label, rowNoun, columnNoun }) {
  const [rowText, setRowText] = useState("");
  const [columnText, setColumnText] = useState("");
  const rowWords = useDeferredValue(rowText);
  const columnWords = useDeferredValue(columnText);
  const navigate = useNavigate();
  const shown = useMemo(() => {
    const words = wordsOf(columnWords);
    return columns.map((_, index) => index).filter((index) => has(columns[index].name.toLowerCase(), words));
  }, [columns, columnWords]);
  const groups = useMemo(() => {
    const members = new Map();
    for (const row of rows) {
      if (!members.has(row.group)) members.set(row.group, []);
      members.get(row.group).push(row);
    }
    return [...members];
  }, [rows]);
  const found = useMemo(() => {
    const words = wordsOf(rowWords);
    return new Set(rows.filter((row) => has(`${row.group} ${row.name} ${row.title}`.toLowerCase(), words)));
  }, [rows, rowWords]);
  const count = found.size;
  const follow = (event) => {
    const link = event.target.closest("td a");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(link.getAttribute("href"));
  };
  const filter = (text, set, noun) => (
    <label className="crosstab-filter">
      <span className="field-label">Filter {noun}</span>
      <input
        type="search"
        className="input"
        value={text}
        dir="auto"
        autoComplete="off"
        spellCheck={false}
        data-unsaved="ignore"
        onChange={(event) => set(event.target.value)}
      />
    </label>
  );
  return (
    <div className="crosstab">
      <div className="crosstab-head">
        {filter(rowText, setRowText, rowNoun)}
        {filter(columnText, setColumnText, columnNoun)}
        <p className="quiet" role="status">
          {count} of {rows.length} {rowNoun}, {shown.length} of {columns.length} {columnNoun}
        </p>
      </div>
      <ul className="crosstab-marks" aria-label="What the marks mean">
        {Object.entries(marks).map(([letter, [sign, words]]) => (
          <li key={letter}>
            <span aria-hidden="true">{sign}</span> {words}
          </li>
        ))}
      </ul>
      <div className="crosstab-scroll" role="region" aria-label={label} tabIndex={0} onClick={follow}>
        <table aria-label={label}>
          <thead>
            <tr>
              <th scope="col">{rowNoun[0].toUpperCase() + rowNoun.slice(1)}</th>
              {shown.map((index) => (
                <th scope="col" key={index}>
                  <Link to={columns[index].href}>{columns[index].name}</Link>
                </th>
              ))}
            </tr>
          </thead>
          {groups.map(([name, members]) => (
            <Group key={name} name={name} rows={members} found={found} columns={columns} shown={shown} marks={marks} />
          ))}
        </table>
        {count ? null : <p className="crosstab-none">Nothing matches.</p>}
      </div>
    </div>
  );
}
