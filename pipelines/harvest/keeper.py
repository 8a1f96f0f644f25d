"""Which of a view's frames are worth keeping."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from pipelines.events import Event, Phase
from pipelines.harvest.find import Claim, Find, Proposal, Why
from pipelines.harvest.memory import Memory, looks_like
from pipelines.harvest.signs import Sign, signs
from pipelines.hazards import Box
from pipelines.lane import LanePlan
from pipelines.scene import Scene
from pipelines.watch import Inspection, WatchPlan

_SHOWING = {Phase.OPEN, Phase.UPDATE}
_MOST_PROPOSALS = 100


class Keeper:
    """Says of each inspection of one view whether its frame is worth keeping, and why.

    Frames of incidents always are. Others are where a model could learn most: unsure of itself, or at odds with the
    prefilter. Of these a view gives one of a kind every so often, and nothing that looks the same in the same place
    within a day. Frames with a drill drawn into them are never kept: nobody should learn from painted fire.

    Args:
        plan: how the view is watched.
        new_id: gives a fresh id as text, usable as a file name.
        every_s: shortest time between two pictures of one kind.
    """

    def __init__(self, plan: WatchPlan, new_id: Callable[[], str], every_s: float) -> None:
        self._plan = plan
        self._new_id = new_id
        self._memory = Memory(every_s)
        self._wanted = tuple(frozenset().union(*(rule.needs for rule in lane.rules)) for lane in plan.lanes)

    def remember(self, find: Find) -> None:
        """Count a find of an earlier run as kept."""
        self._memory.add(find.why, find.captured_s, find.spot, find.looks)

    def judge(self, inspection: Inspection) -> Find | None:
        """What to write beside the frame if it is worth keeping; None if not.

        What this returns counts as kept, whatever becomes of it.
        """
        scenes = inspection.scenes
        if not scenes or scenes[0].frame.drill:
            return None
        claims = tuple(self._claim(event) for event in inspection.events if event.phase in _SHOWING and not event.drill)
        if claims:
            best = max(claims, key=lambda claim: claim.score)
            sign: Sign | None = Sign(Why.INCIDENT, min(max(best.score, 0.0), 1.0), best.box)
        else:
            sign = next(filter(lambda sign: self._fresh(scenes[0], sign), signs(scenes, self._wanted)), None)
        return None if sign is None else self._find(scenes, sign, claims)

    def _fresh(self, scene: Scene, sign: Sign) -> bool:
        now_s = scene.frame.captured_s
        if not self._memory.rested(sign.why, now_s):
            return False
        return self._memory.fresh(sign.why, now_s, sign.spot, looks_like(scene.frame, sign.spot))

    def _find(self, scenes: tuple[Scene, ...], sign: Sign, claims: tuple[Claim, ...]) -> Find:
        frame = scenes[0].frame
        cards = [lane.detector.card for lane in self._plan.lanes]
        find = Find(
            id=self._new_id(),
            source=frame.source,
            captured_s=round(frame.captured_s, 3),
            why=sign.why,
            score=round(sign.score, 4),
            width=frame.width,
            height=frame.height,
            spot=sign.spot,
            looks=looks_like(frame, sign.spot),
            models={card.name: tuple(c.name for c in card.classes) for card in cards},
            versions={card.name: card.version for card in cards},
            proposals=tuple(
                proposal
                for lane, scene in zip(self._plan.lanes, scenes, strict=True)
                for proposal in _proposals(lane, scene)
            ),
            claims=claims,
        )
        self.remember(find)
        return find

    def _claim(self, event: Event) -> Claim:
        lane, rule = next(
            (lane, rule) for lane in self._plan.lanes for rule in lane.rules if rule.title == event.rule
        )  # fmt: skip
        card = lane.detector.card
        return Claim(
            incident=event.incident,
            kind=str(event.kind),
            rule=event.rule,
            phase=str(event.phase),
            score=round(event.score, 4),
            box=_short(event.box),
            model=card.name,
            names=tuple(each.name for each in card.classes if each.means in rule.needs),
        )


def _proposals(lane: LanePlan, scene: Scene) -> Iterator[Proposal]:
    """Every box of the lane's model, the surest first; also weak ones, which a person may prefer to drawing."""
    card, found = lane.detector.card, scene.detections
    boxes = scene.boxes(found)
    for i in np.argsort(-found.confidence, kind="stable")[:_MOST_PROPOSALS]:
        kind = card.classes[int(found.class_id[i])]
        box = _short(tuple(float(v) for v in np.clip(boxes[i], 0.0, 1.0)))
        if box[0] < box[2] and box[1] < box[3]:
            yield Proposal(
                model=card.name, name=kind.name, means=kind.means,
                score=round(float(found.confidence[i]), 4), threshold=kind.threshold, box=box,
            )  # fmt: skip


def _short(box: tuple[float, ...]) -> Box:
    x1, y1, x2, y2 = (round(v, 4) for v in box)
    return x1, y1, x2, y2
