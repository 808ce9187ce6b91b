import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";

const PHONE = "(max-width: 640px)";

const key = (name) => `atrium-fold-${name}`;

function remembered(name) {
  try {
    return localStorage.getItem(key(name));
  } catch {
    return null;
  }
}

/** A part of the page that can be folded away; this browser remembers it. */
export function Fold({ title, name, version = "", onShow, children }) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const show = useRef(onShow);
  show.current = onShow;
  useLayoutEffect(() => {
    const known = remembered(name);
    setOpen(known ? known === "open" : !matchMedia(PHONE).matches);
  }, [name]);
  useEffect(() => {
    if (open && version) show.current?.();
  }, [open, version]);
  const toggle = () => {
    setOpen(!open);
    try {
      localStorage.setItem(key(name), open ? "folded" : "open");
    } catch {
      // Then it is as always the next time.
    }
  };
  return (
    <section className="fold" aria-labelledby={id}>
      <h2 className="fold-head">
        <button type="button" id={id} className="fold-button" aria-expanded={open} onClick={toggle}>
          <svg className="icon icon-s" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
            <path d="m9 6 6 6-6 6" />
          </svg>
          {title}
        </button>
      </h2>
      {open ? <div className="fold-body">{children}</div> : null}
    </section>
  );
}
