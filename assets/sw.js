// Shows our own page when the server is out of reach, instead of the browser's. It keeps nothing else: every page
// and every file comes from the server.
const PAGE = "/offline.html";
const KEPT = [PAGE, "/theme.css", "/console.css"];
const CACHE = "atrium-offline";
/** What the browser downloads or talks to is not looked at. */
const OTHERS = /^\/(?:api|session|docs|healthz|metrics|_event)(?:\/|$)/;

addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(KEPT.map((path) => new Request(path, { cache: "reload" })));
    await skipWaiting();
  };
  event.waitUntil(keep());
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.method !== "GET" || OTHERS.test(path)) return;
  const kept = request.mode === "navigate" ? PAGE : KEPT.find((each) => each === path);
  if (!kept) return;
  event.respondWith(
    fetch(request).catch(async (error) => {
      const answer = await caches.match(kept);
      if (answer) return answer;
      throw error;
    }),
  );
});
