package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Length of a block of each level, and of the pool above an agency's or a commune's.
var lengths = map[string]int{"Agency": 48, "Commune": 52, "System": 56}

const poolLength = 40

// Reasons with which a claim without a prefix is answered. Anything else is a claim that nobody answered.
var refusals = []string{"PoolExhausted", "ClaimantReplaced", "StillInUse"}

type placed struct {
	prefix netip.Prefix
	block  *Block
}

type judgement struct {
	complaints []string
	plan       *Plan
	byName     map[string]*Block
	claims     map[string]*Claim
}

func (j *judgement) say(format string, values ...any) {
	j.complaints = append(j.complaints, fmt.Sprintf(format, values...))
}

// judge names everything that is wrong with a world at rest.
func judge(world *World) []string {
	j := judgement{byName: map[string]*Block{}, claims: map[string]*Claim{}}
	for i := range world.Plans {
		j.plan = &world.Plans[i]
	}
	for i := range world.Claims {
		j.claims[world.Claims[i].Meta.Name] = &world.Claims[i]
	}
	for i := range world.Blocks {
		j.byName[world.Blocks[i].Meta.Name] = &world.Blocks[i]
	}
	var all []placed
	holders := map[string]string{}
	for i := range world.Blocks {
		block := &world.Blocks[i]
		if prefix, fine := j.shape(block); fine {
			all = append(all, placed{prefix, block})
			j.parent(block, prefix)
		}
		j.holder(block)
		if former, twice := holders[block.Spec.ClaimRef.UID]; twice && block.Spec.State != "Quarantined" {
			j.say("twice: claim %s has %s and %s", block.Spec.ClaimRef.Name, former, block.Spec.CIDR)
		}
		if block.Spec.State != "Quarantined" {
			holders[block.Spec.ClaimRef.UID] = block.Spec.CIDR
		}
	}
	j.overlaps(all)
	for i := range world.Claims {
		j.claim(&world.Claims[i])
	}
	return j.complaints
}

// shape judges name, spelling and length.
func (j *judgement) shape(block *Block) (netip.Prefix, bool) {
	text := block.Spec.CIDR
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix.String() != text || prefix.Masked() != prefix || !prefix.Addr().Is6() || prefix.Addr().Is4In6() {
		j.say("spelling: %s: %q is no canonical IPv6 prefix", block.Meta.Name, text)
		return prefix, false
	}
	if name := strings.NewReplacer(":", "-", "/", "-").Replace(text); name != block.Meta.Name {
		j.say("name: %s is the lock on %s, whose name is %s", block.Meta.Name, text, name)
	}
	if length, known := lengths[block.Spec.Level]; !known || length != prefix.Bits() {
		j.say("length: %s is of level %q", text, block.Spec.Level)
	}
	return prefix, true
}

// parent judges where a block is numbered: in a pool of the plan, or in the live block of an agency.
func (j *judgement) parent(block *Block, prefix netip.Prefix) {
	text := block.Spec.Parent
	parent, err := netip.ParsePrefix(text)
	if err != nil || parent.String() != text || parent.Bits() >= prefix.Bits() || !parent.Contains(prefix.Addr()) {
		j.say("parent: %s does not lie in %q", block.Spec.CIDR, text)
		return
	}
	if block.Spec.Level != "System" {
		if !j.isPool(parent, block.Spec.Level) {
			j.say("parent: %s is no pool of the plan for %s %s", text, block.Spec.Level, block.Spec.CIDR)
		} else if block.Spec.ParentUID != j.plan.Meta.UID {
			j.say("parent: %s was numbered from another plan", block.Spec.CIDR)
		}
		return
	}
	above := j.byName[strings.NewReplacer(":", "-", "/", "-").Replace(text)]
	switch {
	case above == nil:
		j.say("parent: %s was numbered in %s, which is gone", block.Spec.CIDR, text)
	case above.Meta.UID != block.Spec.ParentUID:
		j.say("parent: %s was numbered in another %s", block.Spec.CIDR, text)
	case above.Spec.Level == "System":
		j.say("parent: %s was numbered in %s, a system's", block.Spec.CIDR, text)
	case block.Spec.State == "Confirmed" && above.Spec.State != "Confirmed":
		j.say("parent: %s is confirmed in %s, which is %s", block.Spec.CIDR, text, above.Spec.State)
	}
}

// isPool reads the plan by itself: the last digit of a /40 within a root is one of the level's pools.
func (j *judgement) isPool(pool netip.Prefix, level string) bool {
	if j.plan == nil || pool.Bits() != poolLength {
		return false
	}
	digits := j.plan.Spec.DepartmentPools
	if level == "Commune" {
		digits = j.plan.Spec.CommunePools
	}
	digit := fmt.Sprintf("%x", pool.Addr().As16()[4]&0xf)
	inRoot := false
	for _, root := range j.plan.Spec.Roots {
		prefix, err := netip.ParsePrefix(root.CIDR)
		inRoot = inRoot || err == nil && prefix.Contains(pool.Addr())
	}
	return inRoot && slices.Contains(digits, digit)
}

// overlaps: two blocks share addresses only when the inner one names the outer one as its parent. A block in any state
// is a lock.
func (j *judgement) overlaps(all []placed) {
	slices.SortFunc(all, func(a, b placed) int {
		if order := a.prefix.Addr().Compare(b.prefix.Addr()); order != 0 {
			return order
		}
		return a.prefix.Bits() - b.prefix.Bits()
	})
	var around []placed
	for _, inner := range all {
		for len(around) > 0 && !around[len(around)-1].prefix.Overlaps(inner.prefix) {
			around = around[:len(around)-1]
		}
		for _, outer := range around {
			if inner.block.Spec.Parent != outer.block.Spec.CIDR {
				j.say("overlap: %s of %s and %s of %s", outer.prefix, outer.block.Spec.Claimant.Name,
					inner.prefix, inner.block.Spec.Claimant.Name)
			}
		}
		around = append(around, inner)
	}
}

// holder judges the way from a block to its claim. Only a quarantined block has none.
func (j *judgement) holder(block *Block) {
	spec := &block.Spec
	claim := j.claims[spec.ClaimRef.Name]
	gone := claim == nil || claim.Meta.UID != spec.ClaimRef.UID
	switch {
	case spec.State == "Quarantined":
	case gone:
		j.say("leak: %s is %s and claim %s is gone", spec.CIDR, spec.State, spec.ClaimRef.Name)
	case claim.Meta.DeletionTimestamp != "":
	case spec.State != "Confirmed":
		j.say("leak: %s stays %s for claim %s", spec.CIDR, spec.State, spec.ClaimRef.Name)
	case claim.Status.Bound == nil || claim.Status.Bound.BlockUID != block.Meta.UID:
		j.say("leak: %s is confirmed and claim %s does not have it", spec.CIDR, spec.ClaimRef.Name)
	}
}

// claim judges the way from a claim to its block: bound, or refused with a reason.
func (j *judgement) claim(claim *Claim) {
	name, bound := claim.Meta.Name, claim.Status.Bound
	if bound == nil {
		if reason := claim.ready(); !slices.Contains(refusals, reason) {
			j.say("unanswered: claim %s is neither bound nor refused: %q", name, reason)
		}
		return
	}
	block := j.byName[strings.NewReplacer(":", "-", "/", "-").Replace(bound.CIDR)]
	switch {
	case block == nil:
		j.say("unproved: claim %s has %s, which no block locks", name, bound.CIDR)
	case block.Meta.UID != bound.BlockUID || block.Spec.ClaimRef != Ref{name, claim.Meta.UID}:
		j.say("unproved: claim %s has %s, whose block is of claim %s", name, bound.CIDR, block.Spec.ClaimRef.Name)
	case block.Spec.Claimant != claim.Spec.Claimant || block.Spec.Level != claim.Spec.Level:
		j.say("unproved: claim %s and block %s tell of different claimants or levels", name, bound.CIDR)
	case block.Spec.State != "Confirmed" && claim.Meta.DeletionTimestamp == "":
		j.say("unproved: claim %s has %s, which is %s", name, bound.CIDR, block.Spec.State)
	}
}
