// Runs before each measured page's own scripts and notes what its person would see, in ms since the navigation began.
(() => {
  "use strict";
  const FRAME_MS = 1000 / 60;
  const THUMB_PX = 300; // a thumbnail's longer side is 320; icons and logos are smaller
  const CLICK = "bench-click";
  const long = [];
  new PerformanceObserver((list) => list.getEntries().forEach((each) => long.push([each.startTime, each.duration]))).observe({
    type: "longtask",
    buffered: true,
  });

  /** Resolve when the frame that shows what the DOM holds now was handed on. */
  function painted() {
    return new Promise((resolve) =>
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now());
        channel.port2.postMessage(0);
      }),
    );
  }

  function thumbnails() {
    return [...document.images].filter((each) => each.complete && Math.max(each.naturalWidth, each.naturalHeight) >= THUMB_PX);
  }

  /** Resolve with the result of `look` once it is true; looked at after each change and each loaded picture. */
  function until(look) {
    return new Promise((resolve) => {
      const observer = new MutationObserver(check);
      function check() {
        const found = look();
        if (!found) return;
        observer.disconnect();
        document.removeEventListener("load", check, true);
        resolve(found);
      }
      observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      document.addEventListener("load", check, true);
      check();
    });
  }

  async function whenShown(count) {
    const shown = await until(() => thumbnails().length >= count && thumbnails().slice(0, count));
    await Promise.all(shown.map((each) => each.decode().catch(() => {})));
    return painted();
  }

  document.addEventListener("click", (event) => sessionStorage.setItem(CLICK, performance.timeOrigin + event.timeStamp), true);

  /** Ms from the newest click, on this page or the one before it, until `look` is true and painted. */
  async function sinceClick(look) {
    const found = await until(look);
    if (found instanceof HTMLImageElement) await found.decode().catch(() => {});
    return performance.timeOrigin + (await painted()) - Number(sessionStorage.getItem(CLICK));
  }

  /** Ms from the newest click until a picture is painted that was not there when this was called. */
  function untilNewPicture() {
    const before = new Set(thumbnails().map((each) => each.currentSrc));
    return sinceClick(() => thumbnails().find((each) => !before.has(each.currentSrc)));
  }

  /** Scroll at a steady speed until the target is in view. */
  function scroll(scroller, target, tile, pxPerS, mostMs) {
    const box = document.querySelector(scroller);
    const begun = performance.now();
    let [last, dropped, frames, tiles] = [begun, 0, 0, 0];
    return new Promise((resolve) => {
      function step(now) {
        const gap = Math.max(0, now - last);
        last = now;
        dropped += Math.max(0, Math.round(gap / FRAME_MS) - 1);
        frames += 1;
        if (frames % 15 === 0) tiles = Math.max(tiles, document.querySelectorAll(tile).length);
        const top = document.querySelector(target)?.getBoundingClientRect().top ?? Infinity;
        if (top < innerHeight || now - begun > mostMs) {
          const tasks = long.filter(([start]) => start >= begun).map(([, duration]) => duration);
          resolve({ ms: now - begun, arrived: top < innerHeight, dropped, tiles, tasks });
          return;
        }
        box.scrollTop += (pxPerS * gap) / 1000;
        requestAnimationFrame(step);
      }
      requestAnimationFrame(step);
    });
  }

  globalThis.bench = { long, until, sinceClick, untilNewPicture, scroll, painted, t20: whenShown(20) };
})();
