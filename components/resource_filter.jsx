import { useMemo, useState } from "react";
import { INPUTS, Select } from "$/public/external/components/resource_fields.jsx";

const DEEPEST = 3;
const MOST = 20;
const WORDS = {
  is: "is",
  not: "is not",
  contains: "contains",
  min: "is at least",
  max: "is at most",
  empty: "is empty",
};
const IN_TIME = { min: "is from", max: "is up to" };
/** What is compared with is typed as this, where the field itself is typed otherwise. */
const COMPARED_AS = { money: "number", long_text: "text", markdown: "text" };

let last = 0;
const fresh = () => `${++last}`;

/** What a filter is, with a key for each part by which it keeps its place. */
function keyed(part) {
  if (part.parts) return { key: fresh(), join: part.join, parts: part.parts.map(keyed) };
  return { key: fresh(), ...part };
}

const operatorsOf = (field) => (field.operators ?? []).filter((word) => word in WORDS);
const wordOf = (field, operator) => (["date", "moment"].includes(field.kind) && IN_TIME[operator]) || WORDS[operator];
const begun = (field) => ({ key: fresh(), field: field.key, operator: operatorsOf(field).includes("contains") ? "contains" : operatorsOf(field)[0] });

/** The part with `key` made another by `change`; null takes it away. */
function changed(part, key, change) {
  if (part.key === key) return change(part);
  if (!part.parts) return part;
  return { ...part, parts: part.parts.map((each) => changed(each, key, change)).filter(Boolean) };
}

const countOf = (part) => (part.parts ? part.parts.reduce((sum, each) => sum + countOf(each), 0) : 1);

/** What is sent: the values stand in fields of their own. */
const shapeOf = (part) => (part.parts ? { join: part.join, parts: part.parts.map(shapeOf) } : { field: part.field, operator: part.operator, key: part.key });

function Value({ field, part, error, found, onSearch }) {
  const common = {
    id: `filter-${part.key}`,
    name: `value-${part.key}`,
    "aria-label": `${field.title} ${wordOf(field, part.operator)}`,
    "aria-invalid": error ? "true" : "false",
    "aria-describedby": `filter-${part.key}-error`,
  };
  if (part.operator === "empty") {
    return <Select common={common} choices={[["true", "yes"], ["false", "no"]]} value={part.value ?? "true"} />;
  }
  const kind = COMPARED_AS[field.kind] ?? field.kind;
  // Limits of what is stored are none of what may be asked.
  const asked = { ...field, kind, name: field.key, required: false, value: part.value ?? null, min: undefined, max: undefined };
  const Input = INPUTS[kind] ?? INPUTS.text;
  return <Input field={asked} common={common} name={field.key} found={found} onSearch={onSearch} />;
}

function Line({ fields, part, errors, found, onSearch, onChange }) {
  const field = fields.find((each) => each.key === part.field) ?? fields[0];
  const error = errors[`value-${part.key}`];
  const to = (change) => onChange(part.key, (before) => (change ? { ...before, ...change } : null));
  return (
    <div className="filter-line" role="group" aria-label={`Condition on ${field.title}`}>
      <Select
        common={{ "aria-label": "Field", "data-unsaved": "ignore" }}
        choices={fields.map((each) => [each.key, each.title])}
        value={part.field}
        onChange={(key) => to({ ...begun(fields.find((each) => each.key === key)), value: null })}
      />
      <Select
        common={{ "aria-label": `How ${field.title} is compared`, "data-unsaved": "ignore" }}
        choices={operatorsOf(field).map((word) => [word, wordOf(field, word)])}
        value={part.operator}
        onChange={(operator) => to({ operator })}
      />
      <div className="filter-value">
        <Value key={`${part.key}-${part.field}-${part.operator === "empty"}`} field={field} part={part} error={error} found={found} onSearch={onSearch} />
      </div>
      <button type="button" className="button button-ghost button-square" aria-label={`Remove the condition on ${field.title}`} onClick={() => to(null)}>
        <svg className="icon icon-s" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
          <path d="M18 6 6 18M6 6l12 12" />
        </svg>
      </button>
      <p className="field-error filter-error" id={`filter-${part.key}-error`} role="status">
        {error ?? ""}
      </p>
    </div>
  );
}

function Group({ fields, group, depth, full, onChange, ...rest }) {
  const add = (part) => onChange(group.key, (before) => ({ ...before, parts: [...before.parts, part] }));
  return (
    <fieldset className={depth ? "filter-group filter-within" : "filter-group"}>
      <legend className="visually-hidden">{depth ? "Conditions within" : "Conditions"}</legend>
      {group.parts.length > 1 ? (
        <label className="filter-join">
          Match{" "}
          <Select
            common={{ "data-unsaved": "ignore" }}
            choices={[["all", "all"], ["any", "any"]]}
            value={group.join}
            onChange={(join) => onChange(group.key, (before) => ({ ...before, join }))}
          />{" "}
          of these
        </label>
      ) : null}
      {group.parts.map((part) =>
        part.parts ? (
          <Group key={part.key} fields={fields} group={part} depth={depth + 1} full={full} onChange={onChange} {...rest} />
        ) : (
          <Line key={part.key} fields={fields} part={part} onChange={onChange} {...rest} />
        ),
      )}
      <div className="filter-more">
        <button type="button" className="button button-ghost button-s" disabled={full} onClick={() => add(begun(fields[0]))}>
          Add a condition
        </button>
        {depth < DEEPEST - 1 ? (
          <button
            type="button"
            className="button button-ghost button-s"
            disabled={full}
            onClick={() => add({ key: fresh(), join: group.join === "all" ? "any" : "all", parts: [begun(fields[0])] })}
          >
            Add a group
          </button>
        ) : null}
        {depth ? (
          <button type="button" className="button button-ghost button-s" onClick={() => onChange(group.key, () => null)}>
            Remove this group
          </button>
        ) : null}
      </div>
    </fieldset>
  );
}

/** Conditions on the fields of any resource, joined by all and any; stands in a `form`. */
export function ResourceFilter({ fields: given, conditions, errors = {}, found = {}, onSearch }) {
  const fields = given.filter((field) => operatorsOf(field).length);
  const shown = JSON.stringify(conditions);
  const start = useMemo(() => {
    const parts = conditions?.parts?.length ? conditions : { join: "all", parts: fields.length ? [{ ...begun(fields[0]) }] : [] };
    return keyed(parts);
    // eslint-disable-next-line -- what is typed stays as long as the filter in force is the same
  }, [shown]);
  const [edited, setEdited] = useState({ of: shown, filter: start });
  const filter = edited.of === shown ? edited.filter : start;
  const onChange = (key, change) => setEdited({ of: shown, filter: changed(filter, key, change) });
  return (
    <div className="resource-filter">
      <input type="hidden" name="filter" value={JSON.stringify(shapeOf(filter))} readOnly />
      {fields.length ? (
        <Group fields={fields} group={filter} depth={0} full={countOf(filter) >= MOST} errors={errors} found={found} onSearch={onSearch} onChange={onChange} />
      ) : (
        <p className="quiet">Nothing of this can be filtered.</p>
      )}
    </div>
  );
}
