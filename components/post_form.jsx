import { createElement, useRef, useState } from "react";

const WENT_WRONG = "The server did not answer. Nothing you typed is lost; try again.";

/** A secret that came with the page's address, see `boot.js`. */
function kept(name) {
  return window.atriumSecrets?.[name] ?? null;
}

function forget(name) {
  delete window.atriumSecrets?.[name];
}

function showFieldErrors(form, fields) {
  for (const slot of form.querySelectorAll("[data-post-error]")) slot.remove();
  let first = null;
  for (const input of form.querySelectorAll("[name]")) {
    const message = fields[input.name];
    input.toggleAttribute("aria-invalid", false);
    if (!message) continue;
    input.setAttribute("aria-invalid", "true");
    const slot = document.getElementById(`${input.id}-error`);
    if (slot) {
      const text = document.createElement("p");
      text.className = "field-error";
      text.dataset.postError = "";
      text.textContent = message;
      slot.append(text);
    }
    first ??= input;
  }
  return first;
}

/** A form that is sent as a browser would send it, keeping what was typed when it is refused. */
export function PostForm({ action, label, fromAddress = [], fromTab = [], className = "form", onDone, children }) {
  const form = useRef(null);
  const [message, setMessage] = useState("");
  const [sending, setSending] = useState(false);

  async function submit(event) {
    event.preventDefault();
    if (sending) return;
    setSending(true);
    setMessage("");
    const body = new URLSearchParams(new FormData(form.current));
    const address = new URLSearchParams(window.location.search);
    for (const name of fromAddress) if (address.has(name)) body.set(name, address.get(name));
    for (const name of fromTab) body.set(name, kept(name) ?? "");
    try {
      const response = await fetch(action, { method: "POST", headers: { Accept: "application/json" }, body });
      if (response.status === 204) {
        setSending(false);
        onDone?.();
        return;
      }
      const answer = await response.json();
      if (response.ok) {
        for (const name of fromTab) forget(name);
        window.location.assign(answer.location);
        return;
      }
      const first = showFieldErrors(form.current, answer.fields ?? {});
      setMessage(first ? "" : answer.detail);
      (first ?? form.current.querySelector('[autocomplete="current-password"]'))?.focus();
    } catch {
      setMessage(WENT_WRONG);
    }
    setSending(false);
  }

  return createElement(
    "form",
    { ref: form, onSubmit: submit, className, "aria-label": label, "aria-busy": sending },
    createElement(
      "div",
      { role: "alert", className: message ? "callout callout-danger" : undefined },
      message,
    ),
    children,
  );
}
