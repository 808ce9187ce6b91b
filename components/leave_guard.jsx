import { useContext, useEffect, useReducer, useRef, useState } from "react";
import { useBlocker } from "react-router";
import { EventLoopContext } from "$/utils/context";
import { eventLoop } from "$/utils/context-registry";

/**
 * The forms that are drawn, as `{element, changed, sent, guarded, save}`: functions that tell what each is at
 * the moment, and one that sends it.
 */
const forms = new Set();
const listeners = new Set();

/** Tells that something about a form has changed. */
export function formChanged() {
  for (const listener of listeners) listener();
}

/** Lets the guard know a form; call what it returns when the form goes. */
export function watchForm(form) {
  forms.add(form);
  return () => {
    forms.delete(form);
    formChanged();
  };
}

const unsaved = () => [...forms].filter((form) => form.guarded() && form.changed());
const unanswered = () => unsaved().some((form) => form.sent());

/** Whether something typed on this page would be lost with it. */
export const isUnsaved = () => unsaved().length > 0;

/** What a person does; the server leads elsewhere in none of them. */
const BY_A_PERSON = ["click", "keydown", "keyup", "popstate", "submit", "auxclick"];
/** How long an answer may take before somebody who wants to go on is asked. */
const ANSWER_MS = 1000;

/** Sends what was changed: in the dialog that is open, or else on the page. */
function saveAll() {
  const dialog = [...document.querySelectorAll("dialog[open]")].at(-1) ?? null;
  const here = [...forms].filter((form) => form.changed() && form.element().closest("dialog") === dialog);
  here.sort((one, other) => (one.element().compareDocumentPosition(other.element()) & 4 ? -1 : 1));
  for (const form of here) form.save();
}

const WORDS = {
  unsaved: {
    title: "Leave without saving?",
    sentence: "What you changed here is lost when you go.",
  },
  unanswered: {
    title: "Leave before it is saved?",
    sentence: "What you sent has not been saved yet, and what you changed here is lost when you go.",
  },
  waiting: {
    title: "Leave before it is saved?",
    sentence:
      "The server is out of reach. Stay, and what you sent is saved as soon as it is back; when you go, it is lost.",
  },
  lost: {
    title: "The server is out of reach",
    sentence: "The page that you want to open comes as soon as the server is back.",
  },
};

/**
 * Asks before something typed is lost, on whatever page; and keeps people on the page that they have while
 * the server, and with it the next page, is out of reach.
 *
 * Ctrl or ⌘ with S saves.
 */
export function LeaveGuard() {
  const dialog = useRef(null);
  const left = useRef(false);
  const [, look] = useReducer((count) => count + 1, 0);
  const [impatient, setImpatient] = useState(false);
  const [, errors] = useContext(EventLoopContext) ?? [];
  const isLost = (errors?.length ?? 0) > 0;
  const lost = useRef(isLost);
  lost.current = isLost;
  const blocker = useBlocker(({ currentLocation, nextLocation }) => {
    if (currentLocation.pathname === nextLocation.pathname) return false;
    const byPerson = BY_A_PERSON.includes(window.event?.type);
    // What was sent may be answered by going on to another page, which is no reason to ask.
    if (unanswered() && !byPerson) return false;
    return isUnsaved() || (lost.current && byPerson);
  });
  const blocked = blocker.state === "blocked";
  const asks = isUnsaved();
  const waits = unanswered();
  let about = "";
  if (blocked && asks && waits && isLost) about = "waiting";
  else if (blocked && asks && waits) about = impatient ? "unanswered" : "";
  else if (blocked && asks) about = "unsaved";
  else if (blocked && isLost) about = "lost";

  useEffect(() => {
    listeners.add(look);
    return () => listeners.delete(look);
  }, []);

  useEffect(() => {
    // Saved meanwhile, or the server is back.
    if (blocked && !asks && !isLost) blocker.proceed();
  }, [blocked, asks, isLost, blocker]);

  useEffect(() => {
    setImpatient(false);
    if (!blocked || !waits) return undefined;
    const timer = setTimeout(() => setImpatient(true), ANSWER_MS);
    return () => clearTimeout(timer);
  }, [blocked, waits]);

  useEffect(() => {
    if (about && !dialog.current.open) {
      dialog.current.showModal();
      // Not by `autoFocus`: that lays out each new page at once, with the dialog still closed.
      dialog.current.querySelector(".button-primary").focus();
    }
    if (!about && dialog.current?.open) dialog.current.close();
  }, [about]);

  useEffect(() => {
    const ask = (event) => {
      if (left.current || !isUnsaved()) return;
      event.preventDefault();
      // Reflex has let its socket go by now; who stays needs it.
      setTimeout(() => eventLoop.addEvents([]));
    };
    const keys = (event) => {
      if (event.key?.toLowerCase() !== "s" || !(event.metaKey || event.ctrlKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      if (!event.repeat) saveAll();
    };
    window.addEventListener("beforeunload", ask);
    document.addEventListener("keydown", keys);
    return () => {
      window.removeEventListener("beforeunload", ask);
      document.removeEventListener("keydown", keys);
    };
  }, []);

  const stay = () => blocker.reset?.();
  const leave = () => {
    if (!isLost || !navigator.serviceWorker?.controller) {
      blocker.proceed?.();
      return;
    }
    // The page waits at its own address for the server, and what was sent here is dropped as announced.
    const { pathname, search, hash } = blocker.location;
    left.current = true;
    window.location.assign(pathname + search + hash);
  };
  const words = WORDS[about] ?? WORDS.unsaved;
  return (
    <dialog
      ref={dialog}
      className="dialog dialog-modal"
      role="alertdialog"
      aria-label={words.title}
      onCancel={(event) => {
        event.preventDefault();
        stay();
      }}
    >
      <div className="dialog-frame">
        <div className="dialog-header">
          <div>
            <h2 className="dialog-title">{words.title}</h2>
            <p className="dialog-sentence">{words.sentence}</p>
          </div>
        </div>
        <div className="dialog-footer">
          {about === "lost" ? null : (
            <button type="button" className="button button-secondary" onClick={leave}>
              Leave
            </button>
          )}
          <button type="button" className="button button-primary" onClick={stay}>
            Stay
          </button>
        </div>
      </div>
    </dialog>
  );
}
