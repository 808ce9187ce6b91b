import { useId, useState } from "react";

/** Many filters: side by side where there is room, behind one button on a phone. */
export function Filters({ active = false, children }) {
  const id = useId();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button button-secondary button-filter filters-button" aria-expanded={open} aria-controls={id} data-active={active} onClick={() => setOpen(!open)}>
        Filters
        {active ? <span className="filter-dot" /> : null}
      </button>
      <div id={id} className="filters" data-open={open || undefined}>
        {children}
      </div>
    </>
  );
}
