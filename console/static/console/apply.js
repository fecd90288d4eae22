// The form works without this file: every button is a submit. With it a button changes the form in place, the draft
// is saved by itself, and the digest of a file is computed here, so that the file never leaves the computer.
"use strict";
(() => {
    const SAVE_EVERY = 20000;
    const page = () => document.getElementById("apply");
    const form = () => document.getElementById("apply-form");
    let changed = false;
    let busy = false;

    const settle = (root) => {
        root.querySelectorAll("[data-needs-script]").forEach((each) => { each.hidden = false; });
        const wanted = root.querySelector("[data-focus]");
        if (wanted) {
            wanted.focus();
            wanted.scrollIntoView({ block: "center" });
        }
    };

    // What stands in the form now, by field; a box that is ticked or not is a field of its own.
    const ticked = (each) => each.type === "checkbox" || each.type === "radio";
    const nameOf = (each) => ticked(each) ? `${each.name}=${each.value}` : each.name;
    const valueOf = (each) => ticked(each) ? String(each.checked) : each.value.replace(/\r\n/g, "\n").trim();
    const fields = (of) => Array.from(of.elements).filter((each) => each.name && !/^(submit|button|file|hidden)$/.test(each.type) && !/^(fieldset|button)$/i.test(each.tagName));
    const standing = (of) => new Map(fields(of).map((each) => [nameOf(each), valueOf(each)]));

    // Where a field is after the button has done its work: a row that was dropped moves those below it up by one.
    const moved = (name, button) => {
        const dropped = /^drop:([^:]+):(\d+)$/.exec(button.value);
        const row = dropped && new RegExp(`^${dropped[1]}\\.(\\d+)\\.`).exec(name);
        if (!row || Number(row[1]) < Number(dropped[2])) return name;
        if (Number(row[1]) === Number(dropped[2])) return "";
        return name.replace(row[0], `${dropped[1]}.${Number(row[1]) - 1}.`);
    };

    // What was typed while the answer was on its way goes into the new form, unless the answer says something else there.
    const carry = (before, fresh, button) => {
        const now = fields(form()).filter((each) => before.has(nameOf(each)) && before.get(nameOf(each)) !== valueOf(each));
        const there = new Map(fields(fresh.querySelector("#apply-form")).map((each) => [nameOf(each), each]));
        let active = null;
        now.forEach((each) => {
            const target = there.get(moved(nameOf(each), button));
            if (!target || valueOf(target) !== before.get(nameOf(each))) return;
            if (ticked(target)) target.checked = each.checked;
            else target.value = each.value;
            changed = true;
            if (each === document.activeElement) active = [target, each.selectionStart, each.selectionEnd];
        });
        return active;
    };

    const swap = async (button) => {
        if (busy) return;
        busy = true;
        const body = new FormData(form(), button);
        const before = standing(form());
        page().setAttribute("aria-busy", "true");
        try {
            const answer = await fetch(form().action, { method: "POST", body: new URLSearchParams(body), redirect: "error" });
            const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("apply");
            if (!fresh) throw new Error("no form");
            const active = carry(before, fresh, button);
            page().replaceWith(fresh);
            settle(fresh);
            if (active) {
                const [field, from, to] = active;
                field.focus();
                if (typeof from === "number") field.setSelectionRange(from, to);
            }
        } catch {
            busy = false;
            form().noValidate = true;
            natural = true;
            form().requestSubmit(button);
            return;
        }
        busy = false;
    };
    let natural = false;

    document.addEventListener("submit", (event) => {
        const button = event.submitter;
        if (event.target.matches("[data-once]")) {
            if (event.target.dataset.sent) { event.preventDefault(); return; }
            event.target.dataset.sent = "yes";
            return;
        }
        if (event.target !== form()) return;
        changed = changed || Boolean(button && /^(add|drop|person|unit):/.test(button.value));
        if (!natural && button && button.matches("[data-partial]")) {
            event.preventDefault();
            swap(button);
        } else if (!natural && button && button.value === "review" && changed) {
            event.preventDefault();
            keptFirst().then(() => {
                natural = true;
                form().requestSubmit(button);
            });
        } else {
            changed = natural = false;
        }
    });
    document.addEventListener("input", (event) => { if (event.target.form && event.target.form === form()) changed = true; });
    document.addEventListener("change", (event) => {
        if (event.target.matches("[data-refresh]")) {
            const button = document.getElementById("refresh");
            button.value = `refresh:${event.target.name}`;
            swap(button);
        }
        if (event.target.matches("[data-digest-to]")) digest(event.target);
        if (event.target.form && event.target.form === form()) changed = true;
    });
    document.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || !event.target.matches("#apply-form input:not([type=checkbox])")) return;
        event.preventDefault();
        const button = event.target.dataset.enter && document.getElementById(event.target.dataset.enter);
        if (button) button.click();
    });
    document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });
    document.addEventListener("click", (event) => {
        // The same form in the other language: with what stands in it.
        const link = event.target.closest("a[hreflang]");
        if (!link || !form() || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        keptFirst().then(() => {
            const wanted = new URL(link.href);
            if (isKept()) wanted.searchParams.set("draft", draft());
            location.assign(wanted);
        });
    });
    document.addEventListener("click", (event) => {
        // a link of the summary of faults goes to its field, which also takes the focus
        const link = event.target.closest("#summary a[href^='#']");
        const field = link && document.getElementById(link.getAttribute("href").slice(1));
        if (!field) return;
        event.preventDefault();
        const closed = field.closest("details:not([open])");
        if (closed) closed.open = true;
        field.focus();
        field.scrollIntoView({ block: "center" });
    });

    const digest = async (input) => {
        const file = input.files[0];
        if (!file || !window.crypto.subtle) return;
        const hash = new Uint8Array(await window.crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
        document.getElementById(input.dataset.digestTo).value = Array.from(hash, (b) => b.toString(16).padStart(2, "0")).join("");
        const title = document.getElementById(input.dataset.titleTo);
        if (!title.value) title.value = file.name.slice(0, 100);
        changed = true;
    };

    // A longer body may not outlive the page: the browser refuses to send it so.
    const OUTLIVES = 60000;
    const REASONS = { 401: "signedOut", 403: "expired", 413: "tooLarge" };

    const reason = async (answer, note) => {
        if (answer.type === "opaqueredirect") return note.dataset.signedOut;
        const json = (answer.headers.get("content-type") || "").startsWith("application/json");
        const said = json ? (await answer.json()).said : "";
        return said || note.dataset[REASONS[answer.status] || "failed"];
    };

    // Going back asks for the address again: once the draft is kept, the address is the draft's.
    const KEPT = "dingbian-draft";
    const draft = () => form().elements._draft.value;
    const isKept = () => sessionStorage.getItem(KEPT) === draft();
    const named = () => {
        if (!form() || !isKept()) return;
        const here = new URL(form().action);
        here.searchParams.set("draft", draft());
        history.replaceState(history.state, "", here);
    };
    const PATIENCE = 3000;
    const keptFirst = () => Promise.race([keep(), new Promise((done) => { setTimeout(done, PATIENCE); })]);

    const keep = async () => {
        if (!changed || busy || !form()) return;
        changed = false;
        const body = new URLSearchParams(new FormData(form()));
        const options = { method: "POST", body, redirect: "manual", headers: { Accept: "application/json" }, keepalive: String(body).length < OUTLIVES };
        let said = "";
        let answer = null;
        const noteNow = () => document.getElementById("saved");
        try {
            answer = await fetch(form().dataset.draft, options);
            if (answer.ok) said = (await answer.json()).said;
            else said = noteNow().dataset.notSaved + await reason(answer, noteNow());
        } catch {
            said = noteNow() ? noteNow().dataset.notSaved + noteNow().dataset.away : "";
            answer = null;
        }
        const kept = Boolean(answer && answer.ok);
        if (kept && form()) {
            sessionStorage.setItem(KEPT, draft());
            named();
        }
        if (!kept) changed = true;
        const note = noteNow();
        if (!note) return;
        note.classList.toggle("text-danger", !kept);
        note.classList.toggle("text-secondary", kept);
        note.textContent = said;
    };
    if (form()) {
        named();
        window.setInterval(keep, SAVE_EVERY);
        document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });
    }
    window.addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((each) => { delete each.dataset.sent; }));
    settle(document);
})();
