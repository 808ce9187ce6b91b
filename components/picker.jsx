import { useEffect, useId, useRef, useState } from "react";

const DELAY_MS = 200;

const plain = (text) => String(text ?? "").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Whether each word that was typed stands in an option. */
function matches(option, typed) {
  const known = plain([option.label, option.value, option.detail, option.group].join(" "));
  return plain(typed).split(/\s+/).every((word) => known.includes(word));
}

/** A field and the list it searches: arrows move, Enter chooses, the focus stays in the field. */
export function Picker({ label, options = [], value = "", multiple = false, placeholder, anyLabel = "Any", onChange, onSearch }) {
  const id = useId();
  const list = useRef(null);
  const timer = useRef(0);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const chosen = value ? value.split(",") : [];
  const shown = onSearch ? options : options.filter((option) => matches(option, text));
  const lines = value && !text ? [{ value: "", label: anyLabel }, ...shown] : shown;
  const active = Math.min(at, lines.length - 1);
  const type = (next) => {
    setText(next);
    setAt(0);
    clearTimeout(timer.current);
    if (onSearch) timer.current = setTimeout(() => onSearch(next.trim()), DELAY_MS);
  };
  const choose = (option) => {
    if (!multiple || !option.value) onChange?.(option.value);
    else if (chosen.includes(option.value)) onChange?.(chosen.filter((each) => each !== option.value).join(","));
    else onChange?.([...chosen, option.value].join(","));
  };
  const move = (to) => {
    setAt(to);
    list.current?.querySelectorAll('[role="option"]')[to]?.scrollIntoView({ block: "nearest" });
  };
  const keys = (event) => {
    const last = lines.length - 1;
    const to = { ArrowDown: active >= last ? 0 : active + 1, ArrowUp: active <= 0 ? last : active - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      move(to);
    } else if (event.key === "Enter") {
      event.preventDefault();
      list.current?.querySelectorAll('[role="option"]')[active]?.click();
    }
  };
  return (
    <div className="picker">
      <input
        type="text"
        role="combobox"
        className="input"
        aria-label={`Search: ${label}`}
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={lines.length ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        data-autofocus="true"
        dir="auto"
        data-unsaved="ignore"
        value={text}
        onChange={(event) => type(event.target.value)}
        onKeyDown={keys}
      />
      <div ref={list} id={`${id}-list`} className="picker-list" role="listbox" aria-label={label} aria-multiselectable={multiple || undefined} onMouseDown={(event) => event.preventDefault()}>
        {lines.map((option, index) => (
          <div key={option.value} role="none">
            {option.group && option.group !== lines[index - 1]?.group ? (
              <div className="picker-group" aria-hidden="true">
                {option.group}
              </div>
            ) : null}
            <div
              id={`${id}-${index}`}
              role="option"
              className="picker-option"
              aria-selected={option.value ? chosen.includes(option.value) : !value}
              data-current={index === active || undefined}
              data-close={multiple ? undefined : "true"}
              onClick={() => choose(option)}
            >
              <svg className="icon icon-s picker-check" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
                <path d="M20 6 9 17l-5-5" />
              </svg>
              <span className="picker-words">
                <span>{option.label}</span>
                {option.detail ? <span className="picker-detail">{option.detail}</span> : null}
              </span>
            </div>
          </div>
        ))}
      </div>
      <p className="picker-none" role="status">
        {lines.length ? "" : text ? "Nothing is called so." : onSearch ? "Type a name or an address." : "There is nothing to choose."}
      </p>
    </div>
  );
}
