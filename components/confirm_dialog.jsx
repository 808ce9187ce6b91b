import { useEffect, useRef, useState } from "react";

/** A field that is only content with one exact text. */
export function ExactInput({ expected, complaint, ...input }) {
  const field = useRef(null);
  const [text, setText] = useState("");
  useEffect(() => {
    field.current.setCustomValidity(text.trim() === expected ? "" : complaint);
  }, [text, expected, complaint]);
  return (
    <input
      {...input}
      ref={field}
      className="input"
      autoComplete="off"
      spellCheck={false}
      data-autofocus="true"
      dir="auto"
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}
