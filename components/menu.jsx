import { useEffect, useRef } from "react";

const GAP = 4;
const MARGIN = 8;
const ITEM = '[role^="menuitem"]:not([disabled])';

function place(trigger, panel) {
  const anchor = trigger.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const { clientWidth, clientHeight } = document.documentElement;
  const end = panel.dataset.align === "end";
  const left = end ? anchor.right - width : anchor.left;
  const below = anchor.bottom + GAP;
  const fits = below + height <= clientHeight - MARGIN || anchor.top - GAP - height < MARGIN;
  panel.style.left = `${Math.max(MARGIN, Math.min(left, clientWidth - width - MARGIN))}px`;
  panel.style.top = `${fits ? below : anchor.top - GAP - height}px`;
  panel.style.maxHeight = `${fits ? clientHeight - below - MARGIN : anchor.top - GAP - MARGIN}px`;
}

/**
 * Ties a button to the native popover after it.
 *
 * In a menu the arrow keys, Home, End and letters move between the items, and to the left and right
 * within a `data-menu-line`; the browser closes it on Escape or a click elsewhere and gives the focus
 * back.
 */
export function Menu({ children, className = "menu-anchor" }) {
  const root = useRef(null);
  const parts = () => ({
    trigger: root.current?.querySelector("[data-menu-trigger] button, button"),
    panel: root.current?.querySelector("[popover]"),
  });
  const wire = () => {
    const { trigger, panel } = parts();
    if (!trigger || !panel || trigger.popoverTargetElement === panel) return;
    trigger.popoverTargetElement = panel;
    trigger.setAttribute("aria-haspopup", panel.getAttribute("role") === "menu" ? "menu" : "dialog");
    trigger.setAttribute("aria-expanded", "false");
  };
  const focused = useRef(null);
  useEffect(wire);
  useEffect(() => {
    // React takes the focus from a line that it moves.
    const { panel } = parts();
    const lost = document.activeElement === document.body && panel?.contains(focused.current);
    if (lost && panel.matches(":popover-open")) focused.current.focus();
  });
  useEffect(() => {
    const element = root.current;
    const follow = () => {
      const { trigger, panel } = parts();
      if (panel?.matches(":popover-open")) place(trigger, panel);
    };
    const toggled = (event) => {
      const { trigger, panel } = parts();
      if (event.target !== panel) return;
      const open = event.newState === "open";
      trigger.setAttribute("aria-expanded", String(open));
      const listen = open ? "addEventListener" : "removeEventListener";
      window[listen]("scroll", follow, true);
      window[listen]("resize", follow);
      if (!open) return;
      place(trigger, panel);
      const first =
        panel.querySelector("[data-autofocus]") ??
        panel.querySelector(`${ITEM}, input, select, button, a[href]`);
      first?.focus({ preventScroll: true });
    };
    element.addEventListener("toggle", toggled, true);
    return () => {
      element.removeEventListener("toggle", toggled, true);
      window.removeEventListener("scroll", follow, true);
      window.removeEventListener("resize", follow);
    };
  }, []);
  const keys = (event) => {
    const { trigger, panel } = parts();
    if (!panel || panel.getAttribute("role") !== "menu") return;
    if (!panel.matches(":popover-open")) {
      if (event.key === "ArrowDown" && event.target === trigger) {
        event.preventDefault();
        panel.showPopover();
      }
      return;
    }
    const line = document.activeElement.closest("[data-menu-line]");
    const inLine = line ? [...line.querySelectorAll(ITEM)] : [];
    const sideways = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (sideways && inLine.length > 1) {
      event.preventDefault();
      const next = inLine.indexOf(document.activeElement) + sideways;
      inLine[Math.max(0, Math.min(inLine.length - 1, next))].focus();
      return;
    }
    // A line of several items is one stop on the way up and down.
    const items = [...panel.querySelectorAll(ITEM)].filter((item) => {
      const own = item.closest("[data-menu-line]");
      return !own || item === (own === line ? document.activeElement : own.querySelector(ITEM));
    });
    const at = items.indexOf(document.activeElement);
    const to = {
      ArrowDown: () => items[(at + 1) % items.length],
      ArrowUp: () => items[(at - 1 + items.length) % items.length],
      Home: () => items[0],
      End: () => items[items.length - 1],
    }[event.key];
    if (to) {
      event.preventDefault();
      event.stopPropagation();
      to()?.focus();
    } else if (event.key === "Tab") {
      panel.hidePopover();
    } else if (/^\S$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.stopPropagation();
      const letter = event.key.toLowerCase();
      const rotated = [...items.slice(at + 1), ...items.slice(0, at + 1)];
      rotated.find((item) => item.textContent.trim().toLowerCase().startsWith(letter))?.focus();
    }
  };
  const clicked = (event) => {
    const { panel } = parts();
    if (panel?.contains(event.target) && event.target.closest('[role^="menuitem"]:not([data-keep-open]), [data-close]')) {
      panel.hidePopover();
    }
  };
  return (
    <span ref={root} className={className} onKeyDown={keys} onClick={clicked} onFocus={(event) => { focused.current = event.target; wire(); }} onPointerEnter={wire}>
      {children}
    </span>
  );
}
