import { useEffect, useRef, useState } from "react";
import { CopyButton } from "./copy_button.jsx";
import { momentText } from "./relative_time.jsx";

const WENT_WRONG = "The server did not answer; try again.";

/** Asks the server for a link, and shows it for as long as this is on the screen. */
export function LinkMaker({ action, option, optionLabel, submitLabel }) {
  const [chosen, setChosen] = useState(true);
  const [made, setMade] = useState(null);
  const [message, setMessage] = useState("");
  const [sending, setSending] = useState(false);
  const link = useRef(null);
  useEffect(() => link.current?.focus(), [made]);

  async function make() {
    if (sending) return;
    setSending(true);
    setMessage("");
    try {
      const response = await fetch(action, {
        method: "POST",
        headers: { Accept: "application/json", "Content-Type": "application/json" },
        body: JSON.stringify({ [option]: chosen }),
      });
      const answer = await response.json();
      if (response.ok) setMade(answer);
      else setMessage(answer.detail);
    } catch {
      setMessage(WENT_WRONG);
    }
    setSending(false);
  }

  if (made) {
    return (
      <>
        <div className="dialog-body">
          <span className="copyable copyable-secret">
            <code ref={link} tabIndex={-1} className="mono copyable-text">
              {made.url}
            </code>
            <CopyButton text={made.url} label="Copy link" done="Copied" />
          </span>
          <p role="status">It is shown only now, works once and is good until {momentText(made.expires_at)}.</p>
        </div>
        <div className="dialog-footer">
          <button type="button" className="button button-primary" data-close-dialog="true">
            <span className="button-label">Done</span>
          </button>
        </div>
      </>
    );
  }
  return (
    <>
      <div className="dialog-body" aria-busy={sending}>
        <div role="alert" className={message ? "callout callout-danger" : undefined}>
          {message}
        </div>
        {optionLabel && (
          <label className="choice">
            <input
              type="checkbox"
              className="checkbox"
              checked={chosen}
              onChange={(event) => setChosen(event.target.checked)}
            />
            <span className="choice-text">{optionLabel}</span>
          </label>
        )}
      </div>
      <div className="dialog-footer">
        <button type="button" className="button button-secondary" data-close-dialog="true">
          <span className="button-label">Cancel</span>
        </button>
        <button type="button" className="button button-primary" onClick={make} disabled={sending}>
          <span className="button-label">{submitLabel}</span>
        </button>
      </div>
    </>
  );
}
