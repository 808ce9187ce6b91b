import { useCallback, useEffect, useRef, useState } from "react";

const FIRST = [
  "[data-autofocus]",
  ".dialog-body :is(input:not([type=hidden]), select, textarea):not([disabled])",
  ".dialog-footer button:not([disabled])",
  "button:not([disabled])",
];

/** When what had the focus before a dialog is gone with it, the dialog below takes it. */
function focusBelow() {
  if (document.activeElement !== document.body) return;
  const below = [...document.querySelectorAll("dialog[open]")].at(-1);
  below?.querySelector(".dialog-footer button:not([disabled])")?.focus();
}

/**
 * A native dialog: it keeps the focus inside, closes on Escape and gives the focus back.
 *
 * It opens while `open` is true, or when a button with `data-opens="<name>"` is pressed.
 */
export function Modal({ open = false, name, kind = "modal", onClose, dismissable = true, className = "", children, ...rest }) {
  const dialog = useRef(null);
  const [asked, setAsked] = useState(false);
  /** Closed by us a moment ago, of which the browser tells late: it may be open again by then. */
  const closing = useRef(0);
  const shown = open || asked;
  const close = useCallback(() => {
    setAsked(false);
    for (const form of dialog.current?.querySelectorAll("form") ?? []) form.dispatchEvent(new Event("atrium:dropped"));
    onClose?.();
  }, [onClose]);
  useEffect(() => {
    if (!name) return undefined;
    const listen = (event) => event.detail === name && setAsked(event.type === "atrium:open");
    window.addEventListener("atrium:open", listen);
    window.addEventListener("atrium:close", listen);
    return () => {
      window.removeEventListener("atrium:open", listen);
      window.removeEventListener("atrium:close", listen);
    };
  }, [name]);
  useEffect(() => {
    const element = dialog.current;
    if (shown && !element.open) {
      element.showModal();
      const first = FIRST.map((each) => element.querySelector(each)).find(Boolean);
      first?.focus();
    } else if (!shown && element.open) {
      closing.current += 1;
      element.close();
      focusBelow();
    }
  }, [shown]);
  return (
    <dialog
      {...rest}
      ref={dialog}
      className={`dialog dialog-${kind} ${className}`}
      onCancel={(event) => {
        if (event.target !== dialog.current) return;
        event.preventDefault();
        close();
      }}
      onClose={(event) => {
        if (event.target !== dialog.current) return;
        if (closing.current) closing.current -= 1;
        else close();
      }}
      onMouseDown={(event) => dismissable && event.target === dialog.current && close()}
      onClick={(event) => event.target.closest(name ? "[data-close-dialog], a[href]" : "[data-close-dialog]") && close()}
    >
      {shown ? children : null}
    </dialog>
  );
}
