/**
 * Loads classic scripts one after the other (a library's browser file, as its users load it).
 * @param {readonly string[]} urls
 */
export async function loadScripts(urls) {
  for (const url of urls) await loadScript(url);
}

/** @param {string} url */
function loadScript(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${url} could not be loaded`));
    document.head.append(script);
  });
}
