import { useEffect, useRef, useState } from "react";

// Who types fast is searched for letter by letter; while an answer is under way it is waited for longer.
const DELAY = 40;
const LONG_DELAY = 200;

/** What is typed stays here; the server hears of it once typing pauses. */
export function SearchInput({ value = "", onSearch, label, placeholder, shortcut = "/" }) {
  const [text, setText] = useState(value ?? "");
  const sent = useRef(value ?? "");
  const answered = useRef(true);
  const timer = useRef(0);
  useEffect(() => {
    const known = value ?? "";
    if (known === sent.current) {
      answered.current = true;
    } else if (answered.current) {
      sent.current = known;
      setText(known);
    }
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const send = (next) => {
    if (next === sent.current) return;
    sent.current = next;
    answered.current = false;
    onSearch?.(next);
  };
  const type = (next, wait) => {
    setText(next);
    clearTimeout(timer.current);
    if (wait) timer.current = setTimeout(() => send(next.trim()), wait);
    else send(next.trim());
  };
  const keys = (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      type(text, 0);
    } else if (event.key === "Escape" && text) {
      event.preventDefault();
      event.stopPropagation();
      type("", 0);
    }
  };
  return (
    <div className="search" role="search" aria-label={label}>
      <svg className="icon icon-s search-icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
        <circle cx="11" cy="11" r="7" />
        <path d="m20 20-4-4" />
      </svg>
      <input
        type="search"
        className="input search-input"
        aria-label={label}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        data-shortcut={shortcut || undefined}
        aria-keyshortcuts={shortcut || undefined}
        data-unsaved="ignore"
        dir="auto"
        value={text}
        onChange={(event) => type(event.target.value, answered.current ? DELAY : LONG_DELAY)}
        onKeyDown={keys}
      />
      {text ? (
        <button type="button" className="search-clear" aria-label="Clear search" onClick={() => type("", 0)}>
          <svg className="icon icon-s" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
            <path d="M18 6 6 18M6 6l12 12" />
          </svg>
        </button>
      ) : shortcut ? (
        <kbd className="kbd search-key" aria-hidden="true">
          {shortcut}
        </kbd>
      ) : null}
    </div>
  );
}
