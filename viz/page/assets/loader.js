// Unpacks the page's script and lets it run: the policy of the page knows both by their digests.

const failure = document.getElementById("failure");

async function load() {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("This browser cannot unpack it (it has no DecompressionStream): a newer one can.");
  }
  const packed = Uint8Array.from(atob(document.getElementById("code").textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.type = "module";
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}

load().catch((error) => {
  failure.hidden = false;
  failure.textContent = `This page cannot be shown. ${error.message}`;
});
