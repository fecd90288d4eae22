// Parts that are fetched after the page: the next level of the tree, the pictures of a document.
"use strict";
async function part(address) {
    const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.text();
}
document.addEventListener("toggle", async (event) => {
    const branch = event.target;
    if (!branch.matches || !branch.matches("details[data-branch]") || !branch.open || branch.dataset.done) return;
    branch.dataset.done = "1";
    try {
        const below = document.createElement("div");
        below.innerHTML = await part(branch.dataset.branch);
        while (branch.lastElementChild.tagName !== "SUMMARY") branch.lastElementChild.remove();
        branch.append(below);
    } catch (fault) {
        delete branch.dataset.done;  // the link inside still leads there
    }
}, true);
for (const place of document.querySelectorAll("[data-fetch]")) {
    part(place.dataset.fetch).then((found) => { place.innerHTML = found; }).catch(() => {
        place.textContent = place.dataset.failed;
    });
}
