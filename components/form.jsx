import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useBlocker } from "react-router";

/** What was typed in a form that went away unasked, by its place; it comes back with the form. */
const kept = new Map();
const KEPT_MS = 10000;

/** Puts values, as `read` gives them, into the fields that are there. */
function write(form, values) {
  for (const field of form.elements) {
    if (!(field.name in values)) continue;
    const value = values[field.name];
    if (field.type === "checkbox" || field.type === "radio") {
      const wanted = Array.isArray(value)
        ? value.includes(field.value)
        : field.type === "radio"
          ? value === field.value
          : value;
      if (field.checked !== wanted) field.click();
    } else if (field.value !== value) {
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

/** The fields whose values differ. */
function differences(now, before) {
  const changed = Object.entries(now).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
  );
  return Object.fromEntries(changed);
}

/** How long the answer to a sent form may lead elsewhere without a question. */
const PATIENCE_MS = 5000;

/** Form data by name: text, yes or no for a checkbox, a list for a list of checkboxes. */
function read(form) {
  const data = {};
  for (const field of form.elements) {
    const { name, type } = field;
    if (!name || field.dataset.unsaved === "ignore" || ["button", "submit", "reset", "file"].includes(type)) continue;
    if (type === "radio") {
      if (field.checked) data[name] = field.value;
    } else if (type === "checkbox" && field.closest(".checkbox-list")) {
      data[name] ??= [];
      if (field.checked) data[name].push(field.value);
    } else if (type === "checkbox") {
      data[name] = field.checked;
    } else {
      data[name] = field.value;
    }
  }
  return data;
}

/**
 * A form whose fields the browser keeps.
 *
 * It knows whether something was changed, asks before it is lost, and moves the focus to the first
 * error. A new `version` rebuilds the fields from what the state says.
 */
export function Form({ children, version, errors, guard = false, onSave, className = "form", question, ...rest }) {
  const label = rest["aria-label"] ?? "";
  const form = useRef(null);
  const clean = useRef({});
  const typed = useRef({});
  const changed = useRef(false);
  // Just sent: the server may answer by going on to another page, which is no reason to ask.
  const sent = useRef(false);
  /** The element inside that has the focus. */
  const focused = useRef(null);
  const [dirty, setDirty] = useState(false);
  const look = useCallback(() => {
    if (!form.current) return;
    typed.current = differences(read(form.current), clean.current);
    changed.current = Object.keys(typed.current).length > 0;
    setDirty(changed.current);
  }, []);
  const settle = useCallback(() => {
    clean.current = read(form.current);
    look();
  }, [look]);

  // Before the browser takes the next key: what is typed is no part of what was there.
  useLayoutEffect(() => {
    settle();
    const lost = focused.current;
    if (lost && !lost.isConnected) (document.getElementById(lost.id) ?? form.current).focus();
  }, [version, settle]);

  // The server may lose its side of the tab and draw the form anew; what was typed stays.
  useLayoutEffect(() => {
    const place = `${window.location.pathname} ${label}`;
    const before = kept.get(place);
    kept.delete(place);
    if (before && Date.now() - before.at < KEPT_MS) write(form.current, before.values);
    return () => {
      const values = typed.current;
      const isLeaving = place !== `${window.location.pathname} ${label}`;
      if (Object.keys(values).length && !sent.current && !isLeaving) {
        kept.set(place, { values, at: Date.now() });
      }
    };
  }, [label]);
  useLayoutEffect(() => {
    const returned = new MutationObserver((changes) => {
      const fields = changes.flatMap((change) => [...change.addedNodes]);
      if (!fields.some((node) => node.querySelector?.("[name]") || node.name)) return;
      const values = typed.current;
      clean.current = { ...read(form.current), ...clean.current };
      write(form.current, values);
      look();
    });
    returned.observe(form.current, { childList: true, subtree: true });
    return () => returned.disconnect();
  }, [version, look]);

  const trouble = JSON.stringify(errors ?? {});
  useEffect(() => {
    if (trouble === "{}" || trouble === "[]") return;
    sent.current = false;
    form.current?.querySelector('[aria-invalid="true"]')?.focus();
  }, [trouble]);

  useEffect(() => {
    if (!guard) return undefined;
    const ask = (event) => changed.current && !sent.current && event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [guard]);

  const submit = (event) => {
    event.preventDefault();
    event.stopPropagation();
    sent.current = true;
    setTimeout(() => {
      sent.current = false;
    }, PATIENCE_MS);
    onSave?.(read(event.currentTarget));
  };
  const keys = (event) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      form.current.requestSubmit();
    }
  };
  return (
    <>
      <form
        {...rest}
        key={String(version)}
        ref={form}
        className={className}
        tabIndex={-1}
        data-dirty={dirty ? "true" : undefined}
        onSubmit={submit}
        onInput={look}
        onChange={look}
        onReset={() => setTimeout(look)}
        onKeyDown={keys}
        onFocus={(event) => {
          focused.current = event.target;
        }}
        onBlur={() => {
          focused.current = null;
        }}
      >
        {children}
      </form>
      {guard ? <LeaveGuard changed={changed} sent={sent} question={question} /> : null}
    </>
  );
}

function LeaveGuard({ changed, sent, question = "Leave without saving?" }) {
  const dialog = useRef(null);
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) =>
      changed.current && !sent.current && currentLocation.pathname !== nextLocation.pathname,
  );
  const asking = blocker.state === "blocked";
  useEffect(() => {
    if (asking && !dialog.current.open) dialog.current.showModal();
    if (!asking && dialog.current?.open) dialog.current.close();
  }, [asking]);
  const stay = () => blocker.reset?.();
  return (
    <dialog
      ref={dialog}
      className="dialog dialog-modal"
      role="alertdialog"
      aria-label={question}
      onCancel={(event) => {
        event.preventDefault();
        stay();
      }}
    >
      <div className="dialog-frame">
        <div className="dialog-header">
          <div>
            <h2 className="dialog-title">{question}</h2>
            <p className="dialog-sentence">What you changed here is lost when you go.</p>
          </div>
        </div>
        <div className="dialog-footer">
          <button type="button" className="button button-secondary" onClick={() => blocker.proceed?.()}>
            Leave
          </button>
          <button type="button" className="button button-primary" autoFocus onClick={stay}>
            Stay
          </button>
        </div>
      </div>
    </dialog>
  );
}
