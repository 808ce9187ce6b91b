import { useState } from "react";

/** A password that its owner may look at. */
export function PasswordInput({ showLabel = "Show", hideLabel = "Hide", ...input }) {
  const [shown, setShown] = useState(false);
  return (
    <div className="input-group">
      <input
        {...input}
        className="input input-password"
        type={shown ? "text" : "password"}
        autoCapitalize="off"
        autoCorrect="off"
        spellCheck={false}
      />
      <button
        type="button"
        className="input-action"
        aria-pressed={shown}
        aria-label={`${shown ? hideLabel : showLabel} password`}
        onClick={() => setShown(!shown)}
      >
        {shown ? hideLabel : showLabel}
      </button>
    </div>
  );
}
