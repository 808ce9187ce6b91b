import { useEffect, useId, useMemo, useRef, useState } from "react";
import { useNavigate } from "react-router";

const plain = (text) => (text ?? "").toLowerCase();

function matching(commands, query) {
  const words = plain(query).split(/\s+/).filter(Boolean);
  if (!words.length) return commands;
  const rank = (command) => {
    const label = plain(command.label);
    if (label.startsWith(words[0])) return 0;
    return label.includes(words[0]) ? 1 : 2;
  };
  return commands
    .filter((command) => {
      const text = plain(`${command.label} ${command.group} ${command.keywords}`);
      return words.every((word) => text.includes(word));
    })
    .map((command, order) => ({ command, order, rank: rank(command) }))
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
    .map(({ command }) => command);
}

function grouped(commands) {
  const groups = new Map();
  for (const command of commands) {
    const name = command.group ?? "";
    groups.set(name, [...(groups.get(name) ?? []), command]);
  }
  return [...groups];
}

/** Pages, records and actions by name. Opens with ⌘K or Ctrl K. */
export function CommandPalette({
  commands = [],
  results = [],
  searching = false,
  onSearch,
  onRun,
  placeholder = "Search pages, records and actions",
}) {
  const dialog = useRef(null);
  const input = useRef(null);
  const list = useRef(null);
  const timer = useRef(0);
  const identity = useId();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);

  useEffect(() => {
    const ask = (event) => {
      if (event.type === "keydown") {
        if (plain(event.key) !== "k" || !(event.metaKey || event.ctrlKey) || event.altKey) return;
        event.preventDefault();
      } else if (event.detail !== "palette") {
        return;
      }
      setOpen((shown) => (event.type === "keydown" ? !shown : true));
    };
    window.addEventListener("keydown", ask);
    window.addEventListener("atrium:open", ask);
    // Asked for while the page loaded, see boot.js.
    if (window.atriumPalette === "asked") setOpen(true);
    window.atriumPalette = "listening";
    return () => {
      window.removeEventListener("keydown", ask);
      window.removeEventListener("atrium:open", ask);
    };
  }, []);

  useEffect(() => {
    if (open && !dialog.current.open) {
      dialog.current.showModal();
      input.current?.focus();
    } else if (!open) {
      if (dialog.current.open) dialog.current.close();
      // Emptied now, not when it opens: the next words may be typed before that is drawn.
      setQuery("");
      setAt(0);
    }
  }, [open]);

  const known = useMemo(() => commands.flat().filter(Boolean), [commands]);
  const groups = useMemo(
    () => grouped([...matching(known, query), ...(query.trim() ? results.filter(Boolean) : [])]),
    [known, results, query],
  );
  const flat = groups.flatMap(([, members]) => members);
  const chosen = Math.min(at, flat.length - 1);

  const type = (text) => {
    setQuery(text);
    setAt(0);
    if (!onSearch) return;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch(text.trim()), 200);
  };
  const move = (step) => {
    if (!flat.length) return;
    const next = (chosen + step + flat.length) % flat.length;
    setAt(next);
    list.current?.querySelectorAll('[role="option"]')[next]?.scrollIntoView({ block: "nearest" });
  };
  const run = (command) => {
    if (!command) return;
    setOpen(false);
    if (command.opens) {
      window.dispatchEvent(new CustomEvent("atrium:open", { detail: command.opens }));
    } else if (command.presses) {
      document.querySelector(`[data-command="${CSS.escape(command.presses)}"]`)?.click();
    } else if (command.href) {
      navigate(command.href);
    } else {
      onRun?.(command.id);
    }
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      move(step);
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      run(flat[chosen]);
    }
  };
  let order = -1;
  return (
    <dialog
      ref={dialog}
      className="dialog palette"
      aria-label="Command palette"
      onCancel={(event) => {
        event.preventDefault();
        setOpen(false);
      }}
      onClose={() => dialog.current.open || setOpen(false)}
      onMouseDown={(event) => event.target === dialog.current && setOpen(false)}
    >
      {open && (
        <div className="palette-frame">
          <div className="palette-search">
            <svg className="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
              <circle cx="11" cy="11" r="7" />
              <path d="m20 20-4-4" />
            </svg>
            <input
              ref={input}
              className="palette-input"
              role="combobox"
              aria-expanded="true"
              aria-controls={`${identity}-list`}
              aria-activedescendant={chosen >= 0 ? `${identity}-${chosen}` : undefined}
              aria-label={placeholder}
              placeholder={placeholder}
              autoComplete="off"
              spellCheck={false}
              dir="auto"
              value={query}
              onChange={(event) => type(event.target.value)}
              onKeyDown={keys}
            />
            {searching ? <span className="spinner" aria-hidden="true" /> : null}
            <kbd className="kbd">Esc</kbd>
          </div>
          <div className="palette-list" role="listbox" aria-label="Results" id={`${identity}-list`} ref={list}>
            {groups.map(([name, members]) => (
              <div role="group" aria-label={name || "Results"} key={name}>
                {name ? (
                  <div className="palette-group" aria-hidden="true">
                    {name}
                  </div>
                ) : null}
                {members.map((command) => {
                  order += 1;
                  const here = order;
                  return (
                    <div
                      role="option"
                      id={`${identity}-${here}`}
                      key={command.id}
                      className="palette-option"
                      aria-selected={here === chosen}
                      onPointerMove={() => setAt(here)}
                      onClick={() => run(command)}
                    >
                      <span className="palette-label" dir="auto">{command.label}</span>
                      {command.mark ? <span className="badge badge-warning">{command.mark}</span> : null}
                      {command.detail ? <span className="palette-detail">{command.detail}</span> : null}
                      {command.keys ? <kbd className="kbd">{command.keys}</kbd> : null}
                    </div>
                  );
                })}
              </div>
            ))}
          </div>
          <p className="palette-none" role="status">
            {flat.length === 0 ? (searching ? "Searching…" : `Nothing is called “${query}”.`) : ""}
          </p>
        </div>
      )}
    </dialog>
  );
}
