import { useEffect, useMemo, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { Checkbox } from "$/public/external/components/checkbox.jsx";
import { endInWords, endOf, lastDayOf, today } from "$/public/external/components/last_day.jsx";

/** What tells two grants apart. */
const keyOf = (grant) => `${grant.permission} ${grant.rule}`;

/** A grant as it is sent: always the same fields in the same order. */
const plain = (grant) => ({
  permission: grant.permission,
  rule: grant.rule ?? "",
  readable: grant.readable ?? null,
  writable: grant.writable ?? null,
  expires_at: grant.expires_at ?? null,
  reason: grant.reason ?? "",
});

const written = (grants) =>
  JSON.stringify(grants.map(plain).sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1)));

/** Whether a grant stands for all that another one names; as `covers` on the server. */
function covers(grant, permission) {
  if (grant === "*" || grant === permission) return true;
  if (grant.endsWith(".*")) return permission.startsWith(grant.slice(0, -1));
  if (grant.startsWith("*.")) return permission.endsWith(grant.slice(1)) && !permission.endsWith("*");
  return false;
}

const hasEnded = (grant) => Boolean(grant.expires_at) && new Date(grant.expires_at) <= new Date();
const isWhole = (grant) => !grant.rule && !grant.readable && !grant.writable && !grant.expires_at;

const titlesOf = (names, fields) =>
  names.map((name) => fields.find((field) => field.name === name)?.title ?? name).join(", ") || "no field";

/** The conditions of a grant, one short phrase each, without its row rule. */
function termsOf(grant, group) {
  const fields = [...group.readable, ...group.writable];
  return [
    grant.readable && `reads ${titlesOf(grant.readable, fields)}`,
    grant.writable && `writes ${titlesOf(grant.writable, fields)}`,
    grant.expires_at && `${hasEnded(grant) ? "ended" : "until"} ${endInWords(grant.expires_at)}`,
    grant.reason && `“${grant.reason}”`,
  ].filter(Boolean);
}

/**
 * Permissions to grant, by resource, with conditions.
 *
 * What is chosen stays in the browser and is sent with the form around it, as JSON under `name`.
 * What comes from the roles chosen as `included` in the same form is shown beside it.
 */
export function PermissionMatrix({ name, value, groups, roles = [], included = [], includesName, readOnly = false, label }) {
  const field = useRef(null);
  const [own, setOwn] = useState(() => value.map(plain));
  const [roleNames, setRoleNames] = useState(included);
  const [query, setQuery] = useState("");
  const [onlyGranted, setOnlyGranted] = useState(false);
  const [edited, setEdited] = useState(null);
  const first = useRef(written(value));

  useEffect(() => {
    const area = field.current;
    const form = area?.form;
    if (!form) return undefined;
    const look = () => {
      if (!includesName) return;
      const boxes = [...form.querySelectorAll(`input[name="${includesName}"]:checked`)];
      setRoleNames(boxes.map((box) => box.value));
    };
    const take = () => setOwn(JSON.parse(area.value || "[]"));
    const reset = () => setTimeout(() => (take(), look()));
    area.addEventListener("input", take);
    form.addEventListener("change", look);
    form.addEventListener("reset", reset);
    look();
    return () => {
      area.removeEventListener("input", take);
      form.removeEventListener("change", look);
      form.removeEventListener("reset", reset);
    };
  }, [includesName]);

  const set = (grants) => {
    const area = field.current;
    area.value = written(grants);
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const inherited = useMemo(
    () => roles.filter((role) => roleNames.includes(role.name)).flatMap((role) => role.grants),
    [roles, roleNames],
  );
  const all = useMemo(() => withUnknown(groups, own), [groups, own]);
  const tell = (permission) => {
    const mine = own.filter((grant) => grant.permission === permission);
    const wider = own.filter((grant) => grant.permission !== permission && covers(grant.permission, permission));
    const theirs = inherited.filter((grant) => covers(grant.permission, permission));
    const others = [...wider, ...theirs].filter((grant) => !hasEnded(grant));
    return { mine, wider, theirs, isCovered: others.some(isWhole), isHeld: mine.length > 0 || others.length > 0 };
  };
  const toggle = (permission, granted) =>
    set(
      granted
        ? [...own, plain({ permission })]
        : own.filter((grant) => grant.permission !== permission),
    );
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const shown = all
    .map((group) => ({
      ...group,
      rows: group.permissions.filter((row) => {
        const text = `${group.title} ${group.module} ${row.code} ${row.description}`.toLowerCase();
        return words.every((word) => text.includes(word)) && (!onlyGranted || tell(row.code).isHeld);
      }),
    }))
    .filter((group) => group.rows.length > 0);
  const replace = (before, after) => set(own.map((grant) => (keyOf(grant) === keyOf(before) ? after : grant)));

  return (
    <div className="matrix" role="group" aria-label={label}>
      <textarea ref={field} name={name} defaultValue={first.current} hidden readOnly tabIndex={-1} aria-hidden="true" />
      <div className="matrix-bar">
        <input
          type="search"
          className="input"
          placeholder="Find a permission"
          aria-label="Find a permission"
          value={query}
          data-unsaved="ignore"
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
        />
        <button
          type="button"
          className="button button-secondary"
          aria-pressed={onlyGranted}
          onClick={() => setOnlyGranted(!onlyGranted)}
        >
          Granted only
        </button>
        <span className="matrix-count" role="status">
          {words.length || onlyGranted
            ? `${shown.reduce((sum, group) => sum + group.rows.length, 0)} shown`
            : `${own.length} granted here`}
        </span>
      </div>
      {shown.map((group) => (
        <Group key={`${group.module} ${group.name}`} {...{ group, tell, own, set, toggle, replace, readOnly }} onEdit={setEdited} />
      ))}
      {shown.length === 0 && (
        <p className="matrix-none">
          {words.length ? `No permission matches “${query}”.` : "This role grants nothing, and includes no role that does."}
        </p>
      )}
      {edited && (
        <Conditions
          grant={edited.grant}
          group={edited.group}
          onClose={() => setEdited(null)}
          onApply={(after) => {
            replace(edited.grant, after);
            setEdited(null);
          }}
        />
      )}
    </div>
  );
}

/** The groups, with one more for grants of what nothing installed declares. */
function withUnknown(groups, own) {
  const known = new Set(groups.flatMap((group) => group.permissions.map((row) => row.code)));
  const codes = [...new Set(own.map((grant) => grant.permission))].filter((code) => !known.has(code));
  if (!codes.length) return groups;
  const permissions = codes.map((code) => ({ code, description: "Not one of those listed above" }));
  return [...groups, { name: "other", title: "Others", module: "", permissions, rules: [], readable: [], writable: [] }];
}

function Group({ group, tell, own, set, toggle, replace, readOnly, onEdit }) {
  const codes = group.permissions.map((row) => row.code);
  const single = codes.filter((code) => !code.includes("*"));
  const states = single.map(tell);
  const whole = states.filter((each) => each.mine.length > 0 || each.isCovered).length;
  const isHeld = states.some((each) => each.isHeld);
  const mine = own.filter((grant) => codes.includes(grant.permission));
  const headed = single.length > 1;
  const toggleAll = (granted) =>
    set(
      granted
        ? [
            ...own,
            ...single
              .filter((code) => !tell(code).mine.length && !tell(code).isCovered)
              .map((permission) => plain({ permission })),
          ]
        : own.filter((grant) => !codes.includes(grant.permission)),
    );
  const id = `matrix-${group.module}-${group.name}`.replace(/\W/g, "-");
  return (
    <section className="matrix-group" aria-labelledby={id}>
      <header className="matrix-head">
        {headed && !readOnly && (
          <Checkbox
            className="checkbox"
            aria-label={`All permissions of ${group.title}`}
            checked={whole === single.length}
            indeterminate={isHeld && whole < single.length}
            disabled={whole === single.length && mine.length === 0}
            onToggle={toggleAll}
          />
        )}
        <h3 className="matrix-title" id={id}>{group.title}</h3>
        {group.module && !group.module.startsWith(group.name) && <span className="quiet">{group.module}</span>}
        {headed && <span className="matrix-sum">{`${states.filter((each) => each.isHeld).length} of ${single.length}`}</span>}
      </header>
      <ul className="matrix-rows">
        {group.rows.map((row) => (
          <Row key={row.code} {...{ row, group, own, set, toggle, replace, readOnly, onEdit }} {...tell(row.code)} />
        ))}
      </ul>
    </section>
  );
}

function Row({ row, group, mine, wider, theirs, isCovered, own, set, toggle, replace, readOnly, onEdit }) {
  const locked = isCovered && mine.length === 0;
  const used = mine.map((grant) => grant.rule);
  const free = group.rules.filter((rule) => !used.includes(rule.name));
  const more = mine.length > 0 && !used.includes("") && free.length > 0;
  const titleOf = (rule) => group.rules.find((each) => each.name === rule)?.title ?? rule;
  const note = (grant) => [grant.rule && titleOf(grant.rule), ...termsOf(grant, group)].filter(Boolean).join("; ");
  const notes = [
    ...wider.map((grant) => ({ words: `Covered by ${grant.permission}`, more: note(grant) })),
    ...theirs.map((grant) => ({
      words: `From ${grant.source}${grant.permission === row.code ? "" : ` by ${grant.permission}`}`,
      more: note(grant),
    })),
  ];
  return (
    <li className="matrix-row" data-held={mine.length > 0 || isCovered ? "true" : undefined}>
      <label className="matrix-choice">
        <Checkbox
          className="checkbox"
          checked={mine.length > 0 || isCovered}
          indeterminate={mine.length === 0 && !isCovered && notes.length > 0}
          disabled={readOnly || locked}
          onToggle={(granted) => toggle(row.code, granted)}
        />
        <span className="matrix-words">
          <code className="mono">{row.code}</code>
          <span className="matrix-description">{row.description}</span>
        </span>
      </label>
      <div className="matrix-grants">
        {mine.map((grant) => (
          <Terms
            key={keyOf(grant)}
            {...{ grant, group, titleOf, readOnly }}
            taken={used.filter((rule) => rule !== grant.rule)}
            onRule={(rule) => replace(grant, { ...grant, rule })}
            onEdit={() => onEdit({ grant, group })}
            onRemove={mine.length > 1 ? () => set(own.filter((each) => keyOf(each) !== keyOf(grant))) : null}
          />
        ))}
        {more && !readOnly && (
          <button
            type="button"
            className="button button-ghost button-s"
            onClick={() => set([...own, plain({ permission: row.code, rule: free[0].name })])}
          >
            Add other rows
          </button>
        )}
        {notes.map((each) => (
          <span className="matrix-note" key={`${each.words} ${each.more}`}>
            <span className="badge badge-neutral">{each.words}</span>
            {each.more && <span className="matrix-terms">{each.more}</span>}
          </span>
        ))}
      </div>
    </li>
  );
}

/** The conditions of one grant: which rows, and behind a button fields, end and reason. */
function Terms({ grant, group, titleOf, taken, readOnly, onRule, onEdit, onRemove }) {
  const conditions = termsOf(grant, group);
  const rules = group.rules.some((rule) => rule.name === grant.rule) || !grant.rule
    ? group.rules
    : [...group.rules, { name: grant.rule, title: grant.rule }];
  return (
    <div className="matrix-line">
      {conditions.length > 0 && <span className="matrix-terms">{conditions.join("; ")}</span>}
      {readOnly && <span className="matrix-terms">{grant.rule ? titleOf(grant.rule) : "All rows"}</span>}
      {!readOnly && rules.length > 0 && (
        <span className="select select-compact">
          <select
            className="input select-input"
            aria-label={`Rows of ${grant.permission}`}
            data-unsaved="ignore"
            value={grant.rule}
            onChange={(event) => onRule(event.target.value)}
          >
            <option value="" disabled={taken.includes("")}>All rows</option>
            {rules.map((rule) => (
              <option key={rule.name} value={rule.name} disabled={taken.includes(rule.name)}>{rule.title}</option>
            ))}
          </select>
          <svg className="icon icon-s select-arrow" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
            <path d="m6 9 6 6 6-6" />
          </svg>
        </span>
      )}
      {!readOnly && (
        <button
          type="button"
          className="button button-ghost button-s"
          aria-label={`Conditions of ${grant.permission}${grant.rule ? `, ${titleOf(grant.rule)}` : ""}`}
          onClick={onEdit}
        >
          Conditions…
        </button>
      )}
      {onRemove && !readOnly && (
        <button
          type="button"
          className="button button-ghost button-s"
          aria-label={`Remove ${grant.permission}, ${grant.rule ? titleOf(grant.rule) : "all rows"}`}
          onClick={onRemove}
        >
          Remove
        </button>
      )}
    </div>
  );
}

/** Asks for fields, end and reason of one grant. */
function Conditions({ grant, group, onClose, onApply }) {
  const dialog = useRef(null);
  const [readable, setReadable] = useState(grant.readable);
  const [writable, setWritable] = useState(grant.writable);
  const [end, setEnd] = useState(lastDayOf(grant.expires_at));
  const [reason, setReason] = useState(grant.reason);
  useEffect(() => dialog.current.showModal(), []);
  const apply = (event) => {
    event.preventDefault();
    event.stopPropagation();
    const isSame = end === lastDayOf(grant.expires_at);
    const expires_at = isSame ? grant.expires_at : endOf(end) || null;
    onApply({ ...grant, readable, writable, expires_at, reason: reason.trim() });
  };
  // React passes events on to where the dialog is written; the form around it is not meant.
  const quiet = (event) => event.stopPropagation();
  return createPortal(
    <dialog
      ref={dialog}
      className="dialog dialog-modal"
      aria-label={`Conditions of ${grant.permission}`}
      onInput={quiet}
      onChange={quiet}
      onClick={quiet}
      onKeyDown={quiet}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className="dialog-frame">
        <div className="dialog-header">
          <div>
            <h2 className="dialog-title">Conditions</h2>
            <p className="dialog-sentence">
              <code className="mono">{grant.permission}</code> is granted only as far as this says.
            </p>
          </div>
        </div>
        <form className="dialog-form" onSubmit={apply}>
          <div className="dialog-body">
            {group.readable.length > 0 && (
              <Fields title="Fields that may be read" fields={group.readable} value={readable} onChange={setReadable} />
            )}
            {group.writable.length > 0 && (
              <Fields title="Fields that may be changed" fields={group.writable} value={writable} onChange={setWritable} />
            )}
            <div className="field">
              <div className="field-heading">
                <label className="field-label" htmlFor="matrix-end">
                  Last day<span className="field-optional"> optional</span>
                </label>
              </div>
              <input
                id="matrix-end"
                type="date"
                className="input"
                aria-describedby="matrix-end-help"
                value={end}
                min={end === lastDayOf(grant.expires_at) ? undefined : today()}
                onChange={(event) => setEnd(event.target.value)}
              />
              <div className="field-help" id="matrix-end-help">It ends when this day does, in your own time zone. Empty: for good.</div>
            </div>
            <div className="field">
              <div className="field-heading">
                <label className="field-label" htmlFor="matrix-reason">
                  Reason<span className="field-optional"> optional</span>
                </label>
              </div>
              <input
                id="matrix-reason"
                className="input"
                dir="auto"
                maxLength={300}
                autoComplete="off"
                value={reason}
                onChange={(event) => setReason(event.target.value)}
              />
            </div>
          </div>
          <div className="dialog-footer">
            <button type="button" className="button button-secondary" onClick={onClose}>Cancel</button>
            <button type="submit" className="button button-primary">Apply</button>
          </div>
        </form>
      </div>
    </dialog>,
    document.body,
  );
}

/** All fields, or some of them. */
function Fields({ title, fields, value, onChange }) {
  const pick = (name, chosen) =>
    onChange(chosen ? [...value, name].sort() : value.filter((each) => each !== name));
  return (
    <fieldset className="field">
      <legend className="field-label">{title}</legend>
      <div className="field-choices">
        <label className="choice">
          <Checkbox className="checkbox" checked={!value} onToggle={(whole) => onChange(whole ? null : [])} />
          <span className="choice-text">All fields</span>
        </label>
        {value && (
          <div className="matrix-fields">
            {fields.map((field) => (
              <label className="choice" key={field.name}>
                <Checkbox
                  className="checkbox"
                  checked={value.includes(field.name)}
                  onToggle={(chosen) => pick(field.name, chosen)}
                />
                <span className="choice-text">{field.title}</span>
              </label>
            ))}
          </div>
        )}
      </div>
    </fieldset>
  );
}
