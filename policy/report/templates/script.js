
// Search, filters, order and groups of the findings. Without this script the page
// lists all of them by policy, and its check boxes still filter.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const groups = byId("groups"), count = byId("count"), none = byId("none");
  const search = byId("search"), account = byId("account"), owner = byId("owner"), group = byId("group"), sort = byId("sort");
  const boxes = [...document.querySelectorAll(".tools input[type=checkbox]")];
  const severities = ["critical", "high", "medium", "low", "informational"];
  const statuses = ["fail", "unknown", "accepted", "pass", "not_applicable"];
  const policies = [...groups.children];
  const rows = [...groups.querySelectorAll(".row")].map((el, index) => {
    const home = el.parentElement;
    return {
      el, index, home, name: el.dataset.name, account: el.dataset.account, owner: el.dataset.owner,
      severity: severities.findIndex((s) => el.classList.contains(s)), status: statuses.findIndex((s) => el.classList.contains(s)),
      text: (el.textContent + " " + home.querySelector(".about code").textContent).toLowerCase(),
    };
  });

  const fill = (select, key, empty) => {
    for (const value of [...new Set(rows.map((r) => r[key]))].sort((a, b) => a.localeCompare(b))) {
      const option = document.createElement("option");
      option.value = "=" + value;
      option.textContent = value || empty;
      select.append(option);
    }
  };
  fill(account, "account", "(none)");
  fill(owner, "owner", "(no owner)");

  const orders = {
    severity: (a, b) => a.severity - b.severity || a.index - b.index,
    name: (a, b) => a.name.localeCompare(b.name) || a.index - b.index,
    account: (a, b) => a.account.localeCompare(b.account) || a.index - b.index,
    status: (a, b) => a.status - b.status || a.index - b.index,
  };

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hidden = new Set(boxes.filter((b) => !b.checked).map((b) => b.id.slice("show-".length)));
    let shown = 0;
    for (const r of rows) {
      const match = words.every((w) => r.text.includes(w)) &&
        (!account.value || account.value === "=" + r.account) && (!owner.value || owner.value === "=" + r.owner) &&
        !hidden.has(severities[r.severity]) && !hidden.has(statuses[r.status]);
      r.el.hidden = !match;
      shown += match;
    }
    for (const g of groups.children) {
      g.hidden = !g.querySelector(".row:not([hidden])");
    }
    none.hidden = shown > 0;
    count.textContent = shown + " of " + rows.length + " findings";
  };

  const arrange = () => {
    const sorted = [...rows].sort(orders[sort.value]);
    const key = group.value;
    groups.classList.toggle("regrouped", key !== "policy");
    rows.forEach(explain);
    const parts = new Map();
    if (key === "policy") {
      for (const r of sorted) {
        r.home.append(r.el);
      }
      for (const p of policies) {
        const more = p.querySelector(".more");
        if (more) {
          p.append(more);
        }
      }
      groups.replaceChildren(...(sort.value === "severity" ? policies : [...new Set(sorted.map((r) => r.home))]));
    } else {
      for (const r of sorted) {
        const value = r[key] || (key === "owner" ? "(no owner)" : "(none)");
        if (!parts.has(value)) {
          const section = document.createElement("section"), title = document.createElement("h3");
          title.textContent = value;
          section.className = "group";
          section.append(title);
          parts.set(value, section);
        }
        parts.get(value).append(r.el);
      }
      groups.replaceChildren(...[...parts.keys()].sort((a, b) => a.localeCompare(b)).map((k) => parts.get(k)));
    }
    filter();
  };

  // The rationale and the repair are in the section of the policy: another group shows a
  // copy in each finding that is open.
  const explain = (r) => {
    const copy = r.el.querySelector(".about");
    if (group.value === "policy") {
      copy?.remove();
    } else if (r.el.open && !copy) {
      r.el.lastElementChild.append(r.home.querySelector(".about").cloneNode(true));
    }
  };

  const open = (value) => rows.forEach((r) => { r.el.open = value && !r.el.hidden; });
  const reveal = () => {
    const target = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") {
      target.open = true;
    }
  };

  rows.forEach((r) => r.el.addEventListener("toggle", () => explain(r)));
  search.addEventListener("input", filter);
  [account, owner, ...boxes].forEach((el) => el.addEventListener("change", filter));
  [group, sort].forEach((el) => el.addEventListener("change", arrange));
  byId("expand").addEventListener("click", () => open(true));
  byId("collapse").addEventListener("click", () => open(false));
  byId("reset").addEventListener("click", () => {
    search.value = account.value = owner.value = "";
    group.value = "policy";
    sort.value = "severity";
    boxes.forEach((b) => { b.checked = true; });
    arrange();
  });
  window.addEventListener("hashchange", reveal);
  byId("scripted").hidden = false;
  arrange();
  reveal();
})();
