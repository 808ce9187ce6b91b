import { useEffect, useId, useRef, useState } from "react";
import { Cell, secondsOf } from "$/public/external/components/cells.jsx";

const DELAY_MS = 200;
const WIDE = ["long_text", "markdown", "json"];

/** What records that were chosen are called, by id: a form that starts anew knows only ids. */
const labels = new Map();

/** A moment as `datetime-local` takes it: where its reader is, and without a zone. */
function localOf(iso) {
  const moment = new Date(iso ?? "");
  if (Number.isNaN(moment.getTime())) return "";
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, moment.getSeconds() ? 19 : 16);
}

/** The same as the server takes it: in UTC. */
function isoOf(local) {
  const moment = new Date(local);
  return Number.isNaN(moment.getTime()) ? "" : moment.toISOString().replace(/\.\d+Z$/, "Z");
}

/** A length of time as people type it: `1:30`. */
function clockOf(iso) {
  const total = secondsOf(iso);
  if (total === null || total < 0) return iso ?? "";
  const two = (number) => String(number).padStart(2, "0");
  const clock = `${Math.floor(total / 3600)}:${two(Math.floor((total % 3600) / 60))}`;
  return total % 60 ? `${clock}:${two(total % 60)}` : clock;
}

/** A value that is sent, beside what people see of it; its own default survives a new drawing. */
function Sent({ given, ...rest }) {
  return <input {...rest} ref={given} type="text" hidden tabIndex={-1} aria-hidden="true" readOnly />;
}

function tell(element, value) {
  element.value = value;
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

/** A native select; with `onChange` its `value` is the page's, else its own from the start. */
export function Select({ common, choices, value, placeholder, onChange }) {
  const held = onChange ? { value, onChange: (event) => onChange(event.target.value) } : { defaultValue: value };
  return (
    <div className="select">
      <select {...common} {...held} className="input select-input">
        {placeholder === undefined ? null : <option value="">{placeholder}</option>}
        {choices.map(([word, title]) => (
          <option key={word} value={word}>
            {title}
          </option>
        ))}
      </select>
      <svg className="icon icon-s select-arrow" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
        <path d="m6 9 6 6 6-6" />
      </svg>
    </div>
  );
}

function Line({ field, common, type = "text", value = field.value ?? "", maxLength, min, max, placeholder, pattern }) {
  const own = { type, maxLength, min, max, placeholder, pattern };
  return <input {...common} {...own} className="input" defaultValue={value} autoComplete="off" dir="auto" />;
}

function Lines({ field, common, mono = false, value = field.value ?? "" }) {
  return (
    <textarea
      {...common}
      className={mono ? "input textarea mono" : "input textarea"}
      rows={field.kind === "long_text" ? 4 : 8}
      maxLength={field.longest}
      defaultValue={value}
      dir={mono ? undefined : "auto"}
    />
  );
}

function Numeric({ field, common, value = field.value ?? "" }) {
  const step = field.places ? `0.${"0".repeat(field.places - 1)}1` : "1";
  return (
    <input
      {...common}
      className="input input-number"
      type="number"
      step={step}
      min={field.min}
      max={field.max}
      defaultValue={value}
      // Whoever scrolls the page over it changes nothing.
      onWheel={(event) => event.currentTarget.blur()}
    />
  );
}

function Amount({ field, common }) {
  const { amount = "", currency = field.currencies[0] } = field.value ?? {};
  const { name, required, ...shared } = common;
  return (
    <div className="amount">
      <Numeric field={field} common={common} value={amount} />
      <Select
        common={{ ...shared, id: `${common.id}-currency`, name: name && `${name}_currency`, "aria-label": `Currency of ${field.title}` }}
        choices={field.currencies.map((each) => [each, each])}
        value={currency}
      />
    </div>
  );
}

function YesNo({ field, common }) {
  if (field.required) return <input {...common} required={false} className="checkbox" type="checkbox" value="true" defaultChecked={Boolean(field.value)} />;
  const value = field.value === null || field.value === undefined ? "" : String(field.value);
  return <Select common={common} choices={[["true", "Yes"], ["false", "No"]]} value={value} placeholder="Not said" />;
}

function Choice({ field, common }) {
  const isOpen = !field.required || field.value === null || field.value === undefined;
  return <Select common={common} choices={field.options} value={field.value ?? ""} placeholder={isOpen ? (field.required ? "Choose…" : "None") : undefined} />;
}

function When({ field, common }) {
  const sent = useRef(null);
  const shown = useRef(null);
  const { name, ...rest } = common;
  return (
    <>
      <Sent
        given={sent}
        name={name}
        defaultValue={field.value ?? ""}
        onInput={() => {
          shown.current.value = localOf(sent.current.value);
        }}
      />
      <input
        {...rest}
        ref={shown}
        className="input"
        type="datetime-local"
        step="1"
        min={field.min && localOf(field.min)}
        max={field.max && localOf(field.max)}
        defaultValue={localOf(field.value)}
        onInput={(event) => {
          sent.current.value = isoOf(event.currentTarget.value);
        }}
      />
    </>
  );
}

/** One record among many: a field, and what the server finds for what is typed in it. */
function Another({ field, common, name: key, found, onSearch, onCreate }) {
  const list = useId();
  const sent = useRef(null);
  const shown = useRef(null);
  const timer = useRef(0);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const { name, ...rest } = common;
  const value = field.value?.id ?? "";
  if (value) labels.set(value, field.value.label ?? "a record that you may not see");
  useEffect(() => () => clearTimeout(timer.current), []);
  const made = found?.for === key ? found.made : undefined;
  useEffect(() => {
    if (made) choose(made);
    // eslint-disable-next-line -- once for each that was made
  }, [made?.value]);
  const text = shown.current?.value.trim() ?? "";
  const isNew = Boolean(onCreate && found?.creates && text) && !found.items.some((item) => item.label.toLowerCase() === text.toLowerCase());
  const items = open && found?.for === key ? [...found.items, ...(isNew ? [{ value: "", label: `Create \u201c${text}\u201d`, text }] : [])] : null;
  const active = items ? Math.min(at, items.length - 1) : -1;
  const ask = (text, delay) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch(key, text.trim()), delay);
  };
  const begin = () => {
    if (open || common.disabled) return;
    setOpen(true);
    setAt(0);
    ask("", 0);
  };
  const choose = (item) => {
    if (item.text) {
      onCreate(key, item.text);
      setOpen(false);
      return;
    }
    labels.set(item.value, item.label);
    shown.current.value = item.label;
    setOpen(false);
    tell(sent.current, item.value);
  };
  // What was typed and not chosen is nothing; an emptied field is no record.
  const leave = () => {
    setOpen(false);
    clearTimeout(timer.current);
    if (!shown.current.value.trim() && sent.current.value) tell(sent.current, "");
    shown.current.value = labels.get(sent.current.value) ?? "";
  };
  const keys = (event) => {
    if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      leave();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) begin();
      else if (items?.length) setAt((active + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length);
    } else if (event.key === "Enter" && open && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (items?.[active]) choose(items[active]);
    }
  };
  return (
    <div className="select reference">
      <Sent
        given={sent}
        name={name}
        defaultValue={value}
        onInput={() => {
          shown.current.value = labels.get(sent.current.value) ?? "";
        }}
      />
      <input
        {...rest}
        ref={shown}
        className="input select-input"
        type="text"
        role="combobox"
        aria-expanded={open}
        aria-controls={`${list}-list`}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${list}-${active}` : undefined}
        autoComplete="off"
        spellCheck={false}
        dir="auto"
        placeholder={field.required ? "Search…" : "None"}
        defaultValue={labels.get(value) ?? ""}
        onClick={begin}
        onInput={(event) => {
          setOpen(true);
          setAt(0);
          ask(event.currentTarget.value, DELAY_MS);
        }}
        onKeyDown={keys}
        onBlur={leave}
      />
      <svg className="icon icon-s select-arrow" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
        <path d="m6 9 6 6 6-6" />
      </svg>
      <div
        id={`${list}-list`}
        className="reference-list"
        role="listbox"
        aria-label={field.title}
        hidden={!items?.length}
        onMouseDown={(event) => event.preventDefault()}
      >
        {(items ?? []).map((item, index) => (
          <div
            key={item.value || "new"}
            id={`${list}-${index}`}
            role="option"
            className="picker-option"
            aria-selected={sent.current?.value === item.value}
            data-current={index === active || undefined}
            onClick={() => choose(item)}
          >
            <span className="picker-words">{item.label}</span>
          </div>
        ))}
      </div>
      <p className="reference-none" role="status">
        {items && !items.length ? "Nothing is called so." : ""}
      </p>
    </div>
  );
}

/** Draws an input by the type of its field. */
export const INPUTS = {
  text: (props) => <Line {...props} maxLength={props.field.longest} />,
  email: (props) => <Line {...props} type="email" maxLength={props.field.longest} />,
  url: (props) => <Line {...props} type="url" maxLength={props.field.longest} placeholder={props.field.placeholder} />,
  long_text: Lines,
  markdown: (props) => <Lines {...props} mono />,
  json: (props) => <Lines {...props} mono value={props.field.value === null || props.field.value === undefined ? "" : JSON.stringify(props.field.value, null, 2)} />,
  integer: Numeric,
  number: Numeric,
  money: Amount,
  boolean: YesNo,
  date: (props) => <Line {...props} type="date" min={props.field.min} max={props.field.max} />,
  moment: When,
  duration: (props) => <Line {...props} placeholder="1:30" value={clockOf(props.field.value)} />,
  choice: Choice,
  colour: (props) => (props.field.required ? <input {...props.common} className="input input-colour" type="color" defaultValue={props.field.value ?? undefined} /> : <Line {...props} placeholder={props.field.placeholder} pattern="#[0-9a-fA-F]{6}" />),
  reference: Another,
};

function Lock() {
  return (
    <span className="lock">
      <svg className="icon icon-xs" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
        <rect x="4" y="11" width="16" height="10" rx="2" />
        <path d="M8 11V7a4 4 0 0 1 8 0v4" />
      </svg>
      You may see this, but your roles do not let you change it.
    </span>
  );
}

function Field({ field, error, prefix, found, onSearch, onCreate, first }) {
  const key = `${prefix}${field.name}`;
  const id = `field-${key.replace(".", "-")}`;
  const help = field.locked ? <Lock /> : field.help;
  const common = {
    id,
    // What is locked is not sent.
    name: field.locked ? undefined : field.name,
    disabled: field.locked || undefined,
    required: (field.required && !field.locked) || undefined,
    "aria-describedby": help ? `${id}-help ${id}-error` : `${id}-error`,
    "aria-invalid": error ? "true" : "false",
    "data-autofocus": first ? "true" : undefined,
  };
  const Input = INPUTS[field.kind] ?? Line;
  const input = <Input field={field} common={common} name={key} found={found} onSearch={onSearch} onCreate={onCreate} />;
  const isBox = field.kind === "boolean" && field.required;
  return (
    <div className={WIDE.includes(field.kind) ? "field field-wide" : "field"}>
      {isBox ? (
        <label className="choice" htmlFor={id}>
          {input}
          <span className="choice-text">
            <span className="choice-label">{field.title}</span>
          </span>
        </label>
      ) : (
        <>
          <div className="field-heading">
            <label className="field-label" htmlFor={id}>
              {field.title}
              {field.required ? null : <span className="field-optional"> optional</span>}
            </label>
          </div>
          {input}
        </>
      )}
      {help ? (
        <div className="field-help" id={`${id}-help`}>
          {help}
        </div>
      ) : null}
      <div id={`${id}-error`} className="field-message" aria-live="polite">
        {error ? (
          <p className="field-error">
            <svg className="icon icon-s" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
              <circle cx="12" cy="12" r="9" />
              <path d="M12 8v4m0 4h.01" />
            </svg>
            <span>{error}</span>
          </p>
        ) : null}
      </div>
    </div>
  );
}

/** The fields of any resource or form, inside a `form`. */
export function ResourceFields({ fields, errors = {}, prefix = "", found = {}, focuses = false, onSearch, onCreate }) {
  return (
    <div className="resource-fields">
      {fields.map((field, at) => (
        <Field
          key={`${prefix}${field.name}`}
          field={field}
          error={errors[field.name]}
          prefix={prefix}
          found={found}
          onSearch={onSearch}
          onCreate={onCreate}
          first={focuses && at === 0}
        />
      ))}
    </div>
  );
}

/** What is known of a record and not changed here. */
export function ResourceFacts({ facts }) {
  return (
    <dl className="facts">
      {facts.map((fact) => (
        <div key={fact.key}>
          <dt>{fact.title}</dt>
          <dd className={WIDE.includes(fact.kind) ? "fact-lines" : undefined}>
            {fact.kind === "id" ? (
              <code className="mono">{fact.value}</code>
            ) : fact.value === null || fact.value === undefined ? (
              <span className="quiet">none</span>
            ) : (
              <Cell column={fact} value={fact.value} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
