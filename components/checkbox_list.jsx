import { useEffect, useRef, useState } from "react";

/** A scrolling list of choices, narrowed by what is typed above it. */
export function FilterableList({ label, placeholder, filterable = true, children }) {
  const list = useRef(null);
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const [shown, setShown] = useState(null);
  useEffect(() => {
    const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const choices = [...list.current.querySelectorAll(".choice")];
    let count = 0;
    for (const choice of choices) {
      const text = choice.textContent.toLowerCase();
      choice.hidden = !words.every((word) => text.includes(word));
      if (!choice.hidden) count += 1;
    }
    setShown(words.length ? count : null);
    setChosen(choices.filter((choice) => choice.querySelector("input")?.checked).length);
  }, [query, children]);
  const recount = () =>
    setChosen(list.current.querySelectorAll("input:checked").length);
  return (
    <div className="checkbox-list" role="group" aria-label={label}>
      {filterable && (
        <div className="checkbox-list-filter">
          <input
            type="search"
            className="input"
            placeholder={placeholder}
            aria-label={`Filter ${label}`}
            value={query}
            dir="auto"
            data-unsaved="ignore"
            onChange={(event) => setQuery(event.target.value)}
            onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
          />
          <span className="checkbox-list-count" aria-live="polite">
            {shown === null ? `${chosen} chosen` : `${shown} shown`}
          </span>
        </div>
      )}
      <div className="checkbox-list-choices" ref={list} onChange={recount}>
        {children}
        {shown === 0 && <p className="checkbox-list-none">Nothing matches “{query}”.</p>}
      </div>
    </div>
  );
}
