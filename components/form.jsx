import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { formChanged, watchForm } from "$/public/external/components/leave_guard.jsx";

/** What was typed in a form that went away unasked, by its place; it comes back with the form. */
const kept = new Map();
const KEPT_MS = 10000;

/** The field that says which version of a record the others are of. */
const VERSION = '[data-unsaved="version"]';

const bare = (value) => (typeof value === "string" ? value.replace(/\s+/g, " ").trim() : value);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

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
  const changed = Object.entries(now).filter(([name, value]) => !same(value, before[name]));
  return Object.fromEntries(changed);
}

/** Form data by name: text, yes or no for a checkbox, a list for a list of checkboxes. */
function read(form, { withVersion = false } = {}) {
  const data = {};
  for (const field of form.elements) {
    const { name, type } = field;
    if (!name || field.dataset.unsaved === "ignore" || ["button", "submit", "reset", "file"].includes(type)) continue;
    if (field.matches(VERSION) && !withVersion) continue;
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
 * What stays of what was typed when the fields have started anew.
 *
 * Of a list of choices the steps are done again: what somebody else chose meanwhile stays chosen. Elsewhere
 * somebody else's change of the same field makes a conflict.
 *
 * @param typed What was typed, by name.
 * @param sent What of it was sent, and is answered by the new values.
 * @param before The values that it was typed over.
 * @param now The new values.
 */
function rebased(typed, sent, before, now) {
  const values = {};
  let conflict = false;
  for (const [name, value] of Object.entries(typed)) {
    const base = before[name];
    const given = now[name];
    if (name in now && same(given, value)) continue;
    const moved = name in now && !same(given, base);
    // Saved, though not to the letter: without the blanks around it, for example.
    const isAnswered = name in sent && same(sent[name], value);
    if (isAnswered && (moved || same(bare(given), bare(value)))) continue;
    if (moved && Array.isArray(value) && Array.isArray(given)) {
      const was = base ?? [];
      values[name] = [
        ...given.filter((each) => value.includes(each) || !was.includes(each)),
        ...value.filter((each) => !was.includes(each) && !given.includes(each)),
      ];
    } else {
      values[name] = value;
      conflict ||= moved;
    }
  }
  return { values, conflict };
}

/** Where the focus is in a field, to be put there again. */
const caretOf = (field) => {
  try {
    return [field.selectionStart, field.selectionEnd];
  } catch {
    return [null, null];
  }
};

/** A field as it can be found again after it was drawn anew. */
function placeOf(field) {
  const isChoice = field.type === "checkbox" || field.type === "radio";
  return { id: field.id, name: field.name, value: isChoice ? field.value : null, caret: caretOf(field) };
}

function focusAgain(form, place) {
  const isIt = ({ name, value }) => name === place.name && (place.value === null || place.value === value);
  const known = place.id && document.getElementById(place.id);
  const field = known || (place.name ? [...form.elements].find(isIt) : undefined);
  (field ?? form).focus({ preventScroll: true });
  if (!field || place.caret[0] === null) return;
  try {
    field.setSelectionRange(...place.caret);
  } catch {
    // Fields for numbers and days have no caret.
  }
}

/**
 * A form whose fields the browser keeps.
 *
 * It knows whether something was changed, asks before it is lost, and moves the focus to the first
 * error. A new `version` brings what the state says into the fields; what was typed and not saved by it stays,
 * until `discarded` is another one.
 */
export function Form({ children, version, discarded = "", errors, keeps = true, onSave, className = "form", ...rest }) {
  const label = rest["aria-label"] ?? "";
  const form = useRef(null);
  const clean = useRef({});
  const typed = useRef({});
  /** What was sent and has not been answered; the answer may lead to another page. */
  const sent = useRef(null);
  const dropped = useRef(discarded);
  /** The version that the fields are of, and the one that what was typed is based on, if that is another. */
  const shown = useRef("");
  const basis = useRef(null);
  /** The element inside that has the focus, and the last field that had it. */
  const focused = useRef(null);
  const place = useRef(null);
  const [dirty, setDirty] = useState(false);
  const look = useCallback(() => {
    if (!form.current) return;
    typed.current = differences(read(form.current), clean.current);
    const isDirty = Object.keys(typed.current).length > 0;
    if (!isDirty) basis.current = null;
    setDirty(isDirty);
    formChanged();
  }, []);
  /** Takes the fields as they are for what the state says, and puts back what was typed before. */
  const start = useCallback(
    (before) => {
      clean.current = read(form.current);
      const { values, conflict } = rebased(before.typed, before.sent ?? {}, before.clean, clean.current);
      // Whoever would save it over somebody else's change is asked first.
      basis.current = conflict || before.basis !== null ? (before.basis ?? before.shown) : null;
      shown.current = form.current.querySelector(VERSION)?.value ?? "";
      write(form.current, values);
      look();
      const waits = Object.entries(typed.current).some(([name, value]) => same(before.sent?.[name], value));
      sent.current = waits ? before.sent : null;
    },
    [look],
  );
  const now = () => ({
    typed: typed.current,
    sent: sent.current,
    clean: clean.current,
    basis: basis.current,
    shown: shown.current,
  });

  // Before the browser takes the next key: what is typed is no part of what was there.
  useLayoutEffect(() => {
    // The server may have forgotten the tab, and with it what was discarded once.
    const anew = !keeps || (discarded && discarded !== dropped.current);
    if (discarded) dropped.current = discarded;
    start(anew ? { ...now(), typed: {}, sent: null, basis: null } : now());
    const lost = focused.current;
    if (lost && !lost.isConnected) focusAgain(form.current, place.current ?? placeOf(lost));
  }, [version, discarded, keeps, start]);

  // The server may lose its side of the tab and draw the form anew; what was typed stays.
  useLayoutEffect(() => {
    const here = `${window.location.pathname} ${label}`;
    const before = kept.get(here);
    kept.delete(here);
    if (before && Date.now() - before.at < KEPT_MS) start(before);
    return () => {
      const isLeaving = here !== `${window.location.pathname} ${label}`;
      if (Object.keys(typed.current).length && !isLeaving) kept.set(here, { ...now(), at: Date.now() });
    };
  }, [label, start]);
  useLayoutEffect(() => {
    const element = form.current;
    const returned = new MutationObserver((changes) => {
      const fields = changes.flatMap((change) => [...change.addedNodes]);
      if (!fields.some((node) => node.querySelector?.("[name]") || node.name)) return;
      const values = typed.current;
      clean.current = { ...read(element), ...clean.current };
      write(element, values);
      look();
    });
    returned.observe(element, { childList: true, subtree: true });
    // The dialog around it was closed by somebody who has seen what it holds.
    const drop = () => {
      typed.current = {};
      formChanged();
    };
    element.addEventListener("atrium:dropped", drop);
    return () => {
      returned.disconnect();
      element.removeEventListener("atrium:dropped", drop);
    };
  }, [version, discarded, look]);

  const answered = useCallback(() => {
    sent.current = null;
    formChanged();
  }, []);
  const trouble = JSON.stringify(errors ?? {});
  useEffect(() => {
    if (trouble === "{}" || trouble === "[]") return;
    answered();
    form.current?.querySelector('[aria-invalid="true"]')?.focus();
  }, [trouble, answered]);

  const guarded = useRef(keeps);
  guarded.current = keeps;
  useEffect(
    () =>
      watchForm({
        element: () => form.current,
        changed: () => Object.keys(typed.current).length > 0,
        sent: () => sent.current !== null,
        guarded: () => guarded.current,
        save: () => form.current?.requestSubmit(),
      }),
    [],
  );

  // A dialog may say that what was sent has come to nothing, as when the session has ended.
  useEffect(() => {
    const hear = ({ target }) => {
      if (target.closest?.("dialog[open]")?.querySelector("[data-unanswered]")) answered();
    };
    document.addEventListener("focusin", hear);
    return () => document.removeEventListener("focusin", hear);
  }, [answered]);

  const submit = (event) => {
    event.preventDefault();
    event.stopPropagation();
    sent.current = read(form.current);
    formChanged();
    const data = read(form.current, { withVersion: true });
    const marker = form.current.querySelector(VERSION);
    if (marker && basis.current !== null) data[marker.name] = basis.current;
    onSave?.(data);
  };
  const keys = (event) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      form.current.requestSubmit();
    }
  };
  return (
    <form
      {...rest}
      key={`${version} ${discarded}`}
      ref={form}
      className={className}
      tabIndex={-1}
      data-dirty={dirty ? "true" : undefined}
      onSubmit={submit}
      onInput={look}
      onChange={look}
      onReset={() => setTimeout(look)}
      onKeyDown={keys}
      onFocus={({ target }) => {
        focused.current = target;
        if (target.name) place.current = placeOf(target);
        // A finger on a button does not ask for the keyboard of the screen.
        else if (!target.matches(":focus-visible")) place.current = null;
      }}
      onSelect={({ target }) => {
        if (target.name && target.name === place.current?.name) place.current.caret = caretOf(target);
      }}
      onBlur={() => {
        focused.current = null;
      }}
    >
      {children}
    </form>
  );
}
