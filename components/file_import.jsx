import { useEffect, useId, useMemo, useRef, useState } from "react";
import { rowsWithProblems } from "$/public/external/components/csv_file.jsx";
import { Link } from "$/public/external/components/link.jsx";

const STEPS = ["File", "Columns", "Check", "Done"];
const MOST_BYTES = 5 * 1024 * 1024;
const MOST_SHOWN = 100;
const WENT_WRONG = "The server did not answer. Nothing was imported; try again.";
const ID = { key: "id", title: "Id" };
const TONES = { danger: "M12 8v4m0 4h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18", success: "m9 12 2 2 4-4M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18" };

const counted = (count, singular, plural) => `${count.toLocaleString("en-GB")} ${count === 1 ? singular : plural}`;

/** Sends the file with these options; what the server answers, or `{"detail"}` of why not. */
async function send(url, file, options, signal) {
  const query = new URLSearchParams(Object.entries(options).filter(([, value]) => value !== ""));
  const response = await fetch(`${url}?${query}`, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "text/csv" },
    body: file,
    signal,
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.detail), { isSaid: true });
}

function Callout({ tone, children }) {
  return (
    <div className={`callout callout-${tone}`}>
      <svg className="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
        <path d={TONES[tone] ?? TONES.danger} />
      </svg>
      <div className="callout-words">
        <div className="callout-text">{children}</div>
      </div>
    </div>
  );
}

function Select({ label, value, onChange, children, hideLabel = false, help = "" }) {
  const id = useId();
  return (
    <div className="field">
      <label className={hideLabel ? "visually-hidden" : "field-label"} htmlFor={id}>
        {label}
      </label>
      <div className="select">
        <select id={id} className="input select-input" value={value} onChange={(event) => onChange(event.target.value)} aria-describedby={help ? `${id}-help` : undefined}>
          {children}
        </select>
        <svg className="icon icon-s select-arrow" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
          <path d="m6 9 6 6 6-6" />
        </svg>
      </div>
      {help ? (
        <p className="field-help" id={`${id}-help`}>
          {help}
        </p>
      ) : null}
    </div>
  );
}

function Button({ variant = "secondary", busy = false, children, ...rest }) {
  return (
    <button type="button" className={`button button-${variant}`} aria-busy={busy || undefined} {...rest}>
      {busy ? <span className="spinner" aria-hidden="true" /> : null}
      <span className="button-label">{children}</span>
    </button>
  );
}

function ChooseFile({ plural, busy, onFile }) {
  const id = useId();
  const [isOver, setIsOver] = useState(false);
  const drop = (event) => {
    event.preventDefault();
    setIsOver(false);
    onFile(event.dataTransfer.files[0]);
  };
  return (
    <div
      className={isOver ? "import-drop import-over" : "import-drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
    >
      <label className="field-label" htmlFor={id}>
        CSV file of {plural}
      </label>
      <input
        id={id}
        className="import-file"
        type="file"
        accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"
        disabled={busy}
        aria-describedby={`${id}-help`}
        onChange={(event) => {
          onFile(event.target.files[0]);
          // The same file may be chosen again, mended.
          event.target.value = "";
        }}
      />
      <p className="field-help" id={`${id}-help`}>
        Choose it or drop it here: up to 5 MiB and 10,000 rows, with names of columns in the first line. A file that was exported here fits.
      </p>
    </div>
  );
}

function Columns({ preview, fields, columns, onColumn }) {
  const taken = new Set(columns.filter(Boolean));
  return (
    <div className="table-frame">
      <div className="table-scroll">
        <table className="table" role="table" aria-label="Columns of the file">
          <thead role="rowgroup">
            <tr role="row">
              {["Column", "First rows", "Stands for"].map((title) => (
                <th key={title} scope="col" role="columnheader">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {preview.columns.map((name, at) => (
              <tr key={at} className="row" role="row">
                <td role="cell">
                  <span className="cell" dir="auto">
                    {name}
                  </span>
                </td>
                <td role="cell" className="import-sample" data-label="First rows">
                  <span className="cell quiet" dir="auto">
                    {preview.rows.map((row) => row[at]).filter((cell) => cell?.trim()).slice(0, 3).join(" · ")}
                  </span>
                </td>
                <td role="cell" className="import-choice">
                  <Select label={`${name} stands for`} hideLabel value={columns[at]} onChange={(value) => onColumn(at, value)}>
                    <option value="">Leave out</option>
                    {[ID, ...fields].map(({ key, title, required }) => (
                      <option key={key} value={key} disabled={taken.has(key) && columns[at] !== key}>
                        {required ? `${title} (needed)` : title}
                      </option>
                    ))}
                  </Select>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Problems({ report, titles }) {
  const shown = report.problems.slice(0, MOST_SHOWN);
  const more = report.problems.length + report.problems_left_out - shown.length;
  return (
    <div className="table-frame">
      <div className="table-scroll">
        <table className="table" role="table" aria-label="Rows that are refused">
          <thead role="rowgroup">
            <tr role="row">
              {["Line", "Field", "What is wrong"].map((title) => (
                <th key={title} scope="col" role="columnheader">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {shown.map(({ line, field, message }, at) => (
              <tr key={at} className="row" role="row">
                <td role="cell" className="import-line" data-label="Line">
                  <span className="cell">{line}</span>
                </td>
                <td role="cell" data-label="Field">
                  <span className="cell">{titles.get(field) ?? field}</span>
                </td>
                <td role="cell" className="import-message">
                  <span className="cell">{message}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 ? <p className="import-more">{counted(more, "more problem is", "more problems are")} not shown.</p> : null}
    </div>
  );
}

function Counts({ report, isDone }) {
  const counts = [
    [isDone ? "Added" : "New", report.created],
    [isDone ? "Changed" : "To be changed", report.updated],
    ["Unchanged", report.unchanged],
    ["Refused", report.refused],
  ];
  return (
    <dl className="import-counts">
      {counts.map(([title, count]) => (
        <div key={title} className="stat">
          <dt className="stat-label">{title}</dt>
          <dd className="stat-value">{count.toLocaleString("en-GB")}</dd>
        </div>
      ))}
    </dl>
  );
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/**
 * Imports a file in four steps: choose it, say what its columns stand for, look at what would happen, import.
 *
 * The file stays in the browser and is sent along with each step.
 */
export function FileImport({ action, href, singular, plural, fields, mayChange, mayUndo, undone, onUndo }) {
  const [step, setStep] = useState(0);
  const [file, setFile] = useState(null);
  const [reading, setReading] = useState({ separator: "", encoding: "utf-8" });
  const [preview, setPreview] = useState(null);
  const [columns, setColumns] = useState([]);
  const [key, setKey] = useState("");
  const [report, setReport] = useState(null);
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState("");
  const heading = useRef(null);
  const running = useRef(null);
  const titles = useMemo(() => new Map([ID, ...fields].map((field) => [field.key, field.title])), [fields]);

  useEffect(() => () => running.current?.abort(), []);
  useEffect(() => {
    if (step) heading.current?.focus();
  }, [step]);
  useEffect(() => {
    // Another resource, on the same page.
    running.current?.abort();
    setStep(0);
    setFile(null);
    setProblem("");
  }, [action]);

  async function run(words, work) {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setBusy(words);
    setProblem("");
    try {
      await work(controller.signal);
    } catch (error) {
      if (controller.signal.aborted) return;
      setProblem(error.isSaid ? error.message : WENT_WRONG);
    }
    if (running.current === controller) setBusy("");
  }

  function look(chosen, how) {
    if (!chosen) return;
    setFile(chosen);
    setReading(how);
    if (chosen.size > MOST_BYTES) {
      setProblem("The file is larger than 5 MiB; split it.");
      return;
    }
    run("Reading the file…", async (signal) => {
      const found = await send(`${action}/preview`, chosen, how, signal);
      const usual = found.suggested.map((name) => (name === "id" || titles.has(name) ? name : ""));
      setPreview(found);
      setColumns(usual);
      setKey(usual.includes("id") ? "id" : "");
      setStep(1);
    });
  }

  const options = { ...reading, columns: columns.join(","), key };
  const keys = [ID, ...fields.filter((field) => field.unique)].filter((field) => columns.includes(field.key));
  const needed = fields.filter((field) => field.required && !columns.includes(field.key));

  function choose(at, name) {
    const next = columns.map((known, place) => (place === at ? name : known));
    setColumns(next);
    // A column of ids means records that are there, unless something else is said.
    if (name === "id") setKey("id");
    else if (key && !next.includes(key)) setKey("");
  }

  const check = () =>
    run("Checking all rows…", async (signal) => {
      setReport(await send(action, file, { ...options, dry_run: "true", mode: "skip_bad" }, signal));
      setStep(2);
    });

  const saved = report ? report.created + report.updated : 0;
  const bring = () =>
    run(`Importing ${counted(saved, "row", "rows")}…`, async (signal) => {
      setReport(await send(action, file, { ...options, mode: report.refused ? "skip_bad" : "all_or_nothing" }, signal));
      setStep(3);
    });

  async function download() {
    const problems = new Map();
    for (const { line, field, message } of report.problems) {
      const words = titles.has(field) ? `${titles.get(field)}: ${message}` : message;
      problems.set(line, problems.has(line) ? `${problems.get(line)} ${words}` : words);
    }
    const blob = await rowsWithProblems(file, { encoding: reading.encoding, separator: preview.separator, problems });
    save(blob, `${file.name.replace(/\.[^.]*$/, "")}-to-mend.csv`);
  }

  function again() {
    setFile(null);
    setReport(null);
    setProblem("");
    setStep(0);
  }

  const reader = (
    <div className="form-row">
      <Select label="Between cells" value={reading.separator || preview?.separator || ""} onChange={(value) => look(file, { ...reading, separator: value })}>
        {preview ? null : <option value="">As in the first line</option>}
        <option value="comma">Commas</option>
        <option value="semicolon">Semicolons</option>
        <option value="tab">Tabs</option>
      </Select>
      <Select label="Letters" value={reading.encoding} onChange={(value) => look(file, { ...reading, encoding: value })}>
        <option value="utf-8">Unicode (UTF-8)</option>
        <option value="windows-1252">Western European (Windows)</option>
      </Select>
    </div>
  );

  return (
    <section className="card import" aria-label={`Import ${plural}`}>
      <ol className="import-steps">
        {STEPS.map((title, at) => (
          <li key={title} className="import-step" data-done={at < step || undefined} aria-current={at === step ? "step" : undefined}>
            <span className="import-number" aria-hidden="true">
              {at + 1}
            </span>
            {title}
          </li>
        ))}
      </ol>
      <div className="card-body" aria-busy={Boolean(busy)}>
        <div role="alert">{problem ? <Callout tone="danger">{problem}</Callout> : null}</div>
        {step === 0 ? (
          <>
            <ChooseFile plural={plural} busy={Boolean(busy)} onFile={(chosen) => look(chosen, { separator: "", encoding: "utf-8" })} />
            {file && problem ? reader : null}
          </>
        ) : null}
        {step === 1 ? (
          <>
            <h2 className="section-title" tabIndex={-1} ref={heading} dir="auto">
              {file.name}: {counted(preview.total, "row", "rows")}
            </h2>
            {reader}
            <Columns preview={preview} fields={fields} columns={columns} onColumn={choose} />
            {mayChange ? (
              <Select
                label={`Rows about ${plural} that are there`}
                value={key}
                onChange={setKey}
                help={keys.length ? `They change the ${singular} that they are about; all others are new.` : "To change some, have a column with ids or unique values."}
              >
                <option value="">There are none: all rows are new</option>
                {keys.map((field) => (
                  <option key={field.key} value={field.key}>
                    Known by {field.title}
                  </option>
                ))}
              </Select>
            ) : null}
            {needed.length && !key ? (
              <Callout tone="warning">
                A new {singular} needs {needed.map((field) => field.title).join(", ")}: say which column that is.
              </Callout>
            ) : null}
            <div className="form-actions">
              <Button variant="primary" busy={Boolean(busy)} disabled={Boolean(busy) || !columns.some(Boolean)} onClick={check}>
                Check
              </Button>
              <Button onClick={again}>Another file</Button>
            </div>
          </>
        ) : null}
        {step === 2 ? (
          <>
            <h2 className="section-title" tabIndex={-1} ref={heading}>
              {report.refused ? `${counted(report.refused, "row", "rows")} cannot be imported` : "All rows can be imported"}
            </h2>
            <Counts report={report} />
            {report.refused ? <Problems report={report} titles={titles} /> : null}
            {saved === 0 && !report.refused ? <p className="field-help">Everything is as the file says already.</p> : null}
            <div className="form-actions">
              <Button variant="primary" busy={Boolean(busy)} disabled={Boolean(busy) || saved === 0} onClick={bring}>
                {report.refused ? `Import the other ${counted(saved, "row", "rows")}` : `Import ${counted(saved, "row", "rows")}`}
              </Button>
              {report.refused ? <Button onClick={download}>Save refused rows as CSV</Button> : null}
              <Button disabled={Boolean(busy)} onClick={() => setStep(1)}>
                Back
              </Button>
            </div>
          </>
        ) : null}
        {step === 3 ? (
          <>
            <h2 className="section-title" tabIndex={-1} ref={heading}>
              {undone && undone === report.entry_id ? "Taken back: all is as it was" : `${counted(saved, singular, plural)} imported`}
            </h2>
            <Counts report={report} isDone />
            {report.refused ? <Problems report={report} titles={titles} /> : null}
            <div className="form-actions">
              <Link className="button button-primary" to={href}>
                <span className="button-label">Show {plural}</span>
              </Link>
              {mayUndo && saved && undone !== report.entry_id ? <Button onClick={() => onUndo(report.entry_id)}>Undo</Button> : null}
              {report.refused ? <Button onClick={download}>Save refused rows as CSV</Button> : null}
              <Button onClick={again}>Import another file</Button>
            </div>
          </>
        ) : null}
        <div className="progress-line" role="status">
          {busy ? (
            <>
              <progress className="progress" aria-label={busy} />
              <span className="progress-words">{busy}</span>
            </>
          ) : null}
        </div>
      </div>
    </section>
  );
}
