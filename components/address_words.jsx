import { useEffect, useState } from "react";

/** Says what a parameter of the address stands for; nothing of the address itself is ever shown. */
export function AddressWords({ name, sentences }) {
  const [words, setWords] = useState("");
  useEffect(() => {
    const value = new URLSearchParams(window.location.search).get(name) ?? "";
    setWords(Object.hasOwn(sentences, value) ? sentences[value] : "");
  }, [name, sentences]);
  return (
    <div role="status" className={words ? "callout callout-info" : undefined}>
      {words}
    </div>
  );
}
