import { useEffect, useState } from "react";
import { isUnsaved } from "$/public/external/components/leave_guard.jsx";

/**
 * When the session has ended, the tab goes to the sign-in, which says why. What was typed keeps it here, behind
 * what stands in this; nothing else is shown.
 */
export function SessionEnded({ ended, because, signIn, children }) {
  const [typed, setTyped] = useState(false);
  useEffect(() => {
    if (!ended) {
      setTyped(false);
      return;
    }
    if (isUnsaved()) {
      setTyped(true);
      return;
    }
    const { pathname, search } = window.location;
    // As the server writes it: the slashes of an address stay readable.
    const next = encodeURIComponent(pathname + search).replaceAll("%2F", "/");
    const why = because ? `&why=${encodeURIComponent(because)}` : "";
    window.location.replace(`${signIn}?next=${next}${why}`);
  }, [ended, because, signIn]);
  if (!ended) return null;
  return (
    <div data-session-ended="true">
      {typed ? children : null}
    </div>
  );
}
