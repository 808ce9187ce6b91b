import { useEffect, useReducer, useRef, useState } from "react";
import { Link } from "$/public/external/components/link.jsx";
import { lettersWork } from "$/public/external/components/shortcuts.jsx";

const ICONS = {
  success: "M20 6 9 17l-5-5",
  danger: "M12 8v5m0 3.5v.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  warning: "M12 9v4m0 3.5v.01M10.3 4 2.5 17.5A2 2 0 0 0 4.2 20.5h15.6a2 2 0 0 0 1.7-3L13.7 4a2 2 0 0 0-3.4 0",
  info: "M12 11v5m0-8.5v.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
};

const SHOWN_AT_ONCE = 2;
const LASTS_MS = 5000;
const LASTS_WITH_ACTION_MS = 10_000;
/** Presses the button of the newest message that has one. */
const UNDO_KEY = "z";

/** How much of its time a message has left, by id: another page draws it anew. */
const left = new Map();
/** What was dismissed here, whether or not the server knows yet. */
const dismissed = new Set();

function Toast({ toast, shortcut, onDismiss, onAction }) {
  const [held, setHeld] = useState(false);
  const { id, kind = "success", message, action, why } = toast;
  const lasting = kind === "danger";
  const element = useRef(null);
  const dismiss = useRef(onDismiss);
  dismiss.current = onDismiss;
  useEffect(() => {
    if (held || lasting) return undefined;
    const from = Date.now();
    const rest = left.get(id) ?? (action ? LASTS_WITH_ACTION_MS : LASTS_MS);
    const timer = setTimeout(() => {
      // Drawn anew below a pointer that rests, it has heard nothing of it.
      if (element.current.matches(":hover, :focus-within")) setHeld(true);
      else dismiss.current(id);
    }, rest);
    return () => {
      clearTimeout(timer);
      left.set(id, Math.max(0, rest - (Date.now() - from)));
    };
  }, [held, lasting, id, action]);
  const hold = () => setHeld(true);
  const release = () => setHeld(false);
  return (
    <li
      ref={element}
      className={`toast toast-${kind}`}
      onPointerEnter={hold}
      onPointerLeave={release}
      onFocus={hold}
      onBlur={release}
    >
      <svg className="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
        <path d={ICONS[kind] ?? ICONS.info} />
      </svg>
      <span className="toast-message">{message}</span>
      {action ? (
        <button type="button" className="toast-action" onClick={() => onAction?.(id)} data-shortcut={shortcut} aria-keyshortcuts={shortcut}>
          {action}
        </button>
      ) : null}
      {why ? (
        <Link className="toast-action" to={why} onClick={() => onDismiss(id)}>
          Why?
        </Link>
      ) : null}
      <button type="button" className="toast-close" aria-label="Dismiss" onClick={() => onDismiss(id)}>
        <svg className="icon icon-s" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
          <path d="M18 6 6 18M6 6l12 12" />
        </svg>
      </button>
    </li>
  );
}

/** The live region: shows the toasts above everything else and dismisses each in time. */
export function Toasts({ toasts = [], onDismiss, onAction, label = "Messages" }) {
  const region = useRef(null);
  const [, draw] = useReducer((count) => count + 1, 0);
  const shown = toasts.filter((toast) => !dismissed.has(toast.id)).slice(-SHOWN_AT_ONCE);
  const newest = shown.at(-1)?.id;
  const undoable = lettersWork() ? shown.findLast((toast) => toast.action)?.id : undefined;
  const dismiss = (id) => {
    dismissed.add(id);
    draw();
    onDismiss?.(id);
  };
  // It does so once: a second press would undo what is undone.
  const act = (id) => {
    dismissed.add(id);
    draw();
    onAction?.(id);
  };
  useEffect(() => {
    const element = region.current;
    if (element.matches(":popover-open")) element.hidePopover();
    if (shown.length) element.showPopover();
  }, [newest, shown.length]);
  return (
    <section aria-label={label}>
      <div ref={region} className="toasts" popover="manual">
        <ol>
          {shown.map((toast) => (
            <Toast key={toast.id} toast={toast} shortcut={toast.id === undoable ? UNDO_KEY : undefined} onDismiss={dismiss} onAction={act} />
          ))}
        </ol>
      </div>
      <p className="visually-hidden" role="status" aria-live="polite">
        {shown.at(-1)?.message ?? ""}
        {newest && newest === undoable ? ` ${shown.at(-1).action} with the key ${UNDO_KEY}.` : ""}
      </p>
    </section>
  );
}
