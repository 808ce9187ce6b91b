import { useEffect, useState } from "react";

/** Puts a text on the clipboard and says so. */
export function CopyButton({ text, label = "Copy", done = "Copied" }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      setCopied(false);
    }
  };
  return (
    <button type="button" className="copy-button" aria-label={copied ? done : label} data-tip={copied ? done : label} onClick={copy}>
      <svg className="icon icon-s" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
        {copied ? (
          <path d="M20 6 9 17l-5-5" />
        ) : (
          <path d="M9 9h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1M5 15H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v1" />
        )}
      </svg>
      <span className="visually-hidden" role="status">
        {copied ? done : ""}
      </span>
    </button>
  );
}
