"""Is the model in a package one that this site can use in the place of its own?"""

from __future__ import annotations

from pathlib import Path

from calibration.errors import ModelError
from edge.agent.lineup import signed_only, usable
from edge.agent.models import Models
from edge.config import Site, serving_model
from edge.delivery.orders import UpdateModel
from edge.inference import Memory, Ready, settle
from edge.model_store import ModelStore
from pipelines.detect.card import Card


class Candidates:
    """Loads models for a site that may take the place of others.

    Args:
        site: whose models they are.
        store: where the site's own are.
        memory: how models ran best.
    """

    def __init__(self, site: Site, store: ModelStore, memory: Memory) -> None:
        self._site = site
        self._uses = {use.title: use for use in site.models}
        self._store = store
        self._memory = memory

    def own(self, title: str) -> Ready:
        """The model that the site file names.

        Raises:
            ModelError: it can not be loaded.
        """
        return self._ready(title, self._store, self._uses[title].where)

    def own_sha256(self, title: str) -> str:
        """Digest of its weights.

        Raises:
            ModelError: its card can not be read.
        """
        return self._store.card(self._uses[title].where).sha256

    def examine(self, order: UpdateModel, folder: Path, models: Models) -> Ready:
        """The model of a package, ready to run.

        Args:
            order: what was asked for.
            folder: of the unpacked package.
            models: those in use.

        Raises:
            ModelError: it is not signed by whom this site trusts, is another model or an older one, does not load, or
                does not serve what the one in use does.
        """
        title, used = order.name, models.detectors[order.name].card
        ready = self._ready(title, signed_only(self._site, self._store), folder)
        card = ready.detector.card
        if card.name != used.name:
            raise ModelError(f"{folder.name}: holds {card.name}, in use is {used.name}")
        if card.release < used.release and not order.allow_older:
            raise ModelError(f"{folder.name}: version {card.version} is older than {used.version}, which is in use")
        cards = {other: detector.card for other, detector in models.detectors.items()}
        self._refuse_unfit(title, cards, cards | {title: card}, folder.name)
        return ready

    def _refuse_unfit(self, title: str, before: dict[str, Card], after: dict[str, Card], what: str) -> None:
        for source in self._site.sources:
            for rule in source.rules:
                serves = serving_model(rule, self._site.models, before)
                if serves == title and serving_model(rule, self._site.models, after) != title:
                    raise ModelError(f"{what}: does not serve source {source.name}, rule {rule.title}")

    def _ready(self, title: str, store: ModelStore, where: str | Path) -> Ready:
        model = usable(store.load(where), self._uses[title])
        return settle({title: model}, self._site.agent.inference, store, self._memory)[title]
