import { useEffect, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router";

const EDITABLE = 'input:not([type="checkbox"]):not([type="radio"]):not([type="button"]), textarea, select, [contenteditable=""], [contenteditable="true"]';

const DRAWN_WITHIN_MS = 5000;

const REMEMBERED = "atrium.letters";

/** Whether single letters do something; people who speak to their machine turn them off. */
export function lettersWork() {
  try {
    return localStorage.getItem(REMEMBERED) !== "off";
  } catch {
    return true;
  }
}

const visible = (element) => element.getClientRects().length > 0;
const find = (selector) => [...document.querySelectorAll(selector)].find(visible);
const ask = (name) => window.dispatchEvent(new CustomEvent("atrium:open", { detail: name }));

function currentRow() {
  return document.activeElement?.closest?.("[data-row]") ?? document.querySelector("[data-row][data-current]");
}

function moveRow(step) {
  const rows = [...document.querySelectorAll("main [data-row]")].filter(visible);
  if (!rows.length) return false;
  const at = rows.indexOf(currentRow());
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + step))];
  rows.forEach((row) => row.toggleAttribute("data-current", row === next));
  next.setAttribute("tabindex", "-1");
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

/** Puts the focus on the element with this id, which may still be on its way. */
function focusWhenDrawn(id) {
  if (!id) return undefined;
  const focus = () => {
    const element = document.getElementById(id);
    if (!element) return false;
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
    return true;
  };
  if (focus()) return undefined;
  const watch = new MutationObserver(() => focus() && watch.disconnect());
  watch.observe(document.body, { childList: true, subtree: true });
  const stop = () => watch.disconnect();
  setTimeout(stop, DRAWN_WITHIN_MS);
  return stop;
}

/** ⌘ on Apple's machines, Ctrl on all others. */
export function CommandKey() {
  const [isApple, setIsApple] = useState(false);
  useEffect(() => setIsApple(/Mac|iPhone|iPad/.test(navigator.platform)), []);
  return isApple ? "⌘" : "Ctrl ";
}

/** The choice whether single letters do something, kept by this browser. */
export function LettersSwitch(attributes) {
  const [on, setOn] = useState(true);
  useEffect(() => setOn(lettersWork()), []);
  const choose = (event) => {
    setOn(event.target.checked);
    try {
      localStorage.setItem(REMEMBERED, event.target.checked ? "on" : "off");
    } catch {
      // Storage may be closed.
    }
  };
  return <input {...attributes} type="checkbox" checked={on} onChange={choose} />;
}

/**
 * One listener for every key of the application; silent while somebody types. While a dialog is open only
 * the shortcuts of what stands in it count.
 *
 * Also opens the dialog that a pressed `data-opens` button names.
 */
export function Shortcuts({ go = [] }) {
  const navigate = useNavigate();
  const { hash } = useLocation();
  const armed = useRef(0);
  useEffect(() => focusWhenDrawn(hash.slice(1)), [hash]);
  useEffect(() => {
    const press = (event) => {
      const opener = event.target.closest?.("[data-opens]");
      if (opener) ask(opener.dataset.opens);
    };
    const keys = (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      const key = event.key;
      if (key.length === 1 && !lettersWork()) return;
      if (event.target.closest?.(EDITABLE) || document.querySelector("[popover]:popover-open:not(.toasts)")) return;
      const dialog = [...document.querySelectorAll("dialog[open]")].at(-1);
      if (dialog) {
        const target = key.length === 1 && dialog.querySelector(`[data-shortcut="${CSS.escape(key)}"]`);
        if (target && !target.disabled) {
          event.preventDefault();
          target.click();
        }
        return;
      }
      const going = Date.now() - armed.current < 1200;
      armed.current = 0;
      const done = () => event.preventDefault();
      if (going) {
        const page = go.find((each) => each?.letter === key);
        if (page) {
          done();
          navigate(page.href);
        }
        return;
      }
      if (key === "g") {
        armed.current = Date.now();
      } else if (key === "?") {
        done();
        ask("keyboard-help");
      } else if (key === "/") {
        done();
        const field = find('[data-shortcut="/"]');
        if (field) {
          field.focus();
          field.select?.();
        } else {
          ask("palette");
        }
      } else if (key === "j" || key === "k") {
        if (moveRow(key === "j" ? 1 : -1)) done();
      } else if (key === "x") {
        const box = currentRow()?.querySelector('input[type="checkbox"]');
        if (box) {
          done();
          box.click();
        }
      } else if (key === "Enter" && event.target.matches?.("[data-row]")) {
        const first = event.target.querySelector("a[href]");
        if (first) {
          done();
          first.click();
        }
      } else if (key.length === 1 || key === "Escape") {
        const target = find(`[data-shortcut="${CSS.escape(key)}"]`);
        if (target && !target.disabled) {
          done();
          target.click();
        }
      }
    };
    document.addEventListener("click", press);
    document.addEventListener("keydown", keys);
    return () => {
      document.removeEventListener("click", press);
      document.removeEventListener("keydown", keys);
    };
  }, [go, navigate]);
  return null;
}
