"""Proximal policy optimization drives a point to its goal with continuous actions."""
import torch
import torch.nn as nn
from torch.distributions import MultivariateNormal, Normal


class RolloutBuffer:
    def __init__(self):
        self.actions, self.states, self.logprobs, self.rewards, self.is_terminals = [], [], [], [], []

    def clear(self):
        for part in vars(self).values():
            part.clear()


class ActorCritic(nn.Module):
    def __init__(self, state_dim, action_dim, action_std):
        super().__init__()
        self.action_var = torch.full((action_dim,), action_std * action_std)
        self.actor = nn.Sequential(nn.Linear(state_dim, 32), nn.Tanh(), nn.Linear(32, 32),
                                   nn.Tanh(), nn.Linear(32, action_dim), nn.Tanh())
        self.critic = nn.Sequential(nn.Linear(state_dim, 32), nn.Tanh(), nn.Linear(32, 1))

    def act(self, state):
        mean = self.actor(state)
        dist = MultivariateNormal(mean, torch.diag(self.action_var).unsqueeze(dim=0))
        action = dist.sample()
        return action.detach(), dist.log_prob(action).detach()

    def evaluate(self, state, action):
        mean = self.actor(state)
        cov = torch.diag_embed(self.action_var.expand_as(mean))
        dist = MultivariateNormal(mean, cov)
        return dist.log_prob(action), self.critic(state), dist.entropy()


class PPO:
    def __init__(self, gamma=0.95, k_epochs=4, eps_clip=0.2):
        self.gamma, self.k_epochs, self.eps_clip = gamma, k_epochs, eps_clip
        self.buffer = RolloutBuffer()
        self.policy = ActorCritic(4, 2, 0.4)
        self.optimizer = torch.optim.Adam([
            {"params": self.policy.actor.parameters(), "lr": 3e-3},
            {"params": self.policy.critic.parameters(), "lr": 1e-2}])
        self.policy_old = ActorCritic(4, 2, 0.4)
        self.policy_old.load_state_dict(self.policy.state_dict())
        self.mse = nn.MSELoss()

    def select_action(self, state):
        with torch.no_grad():
            action, logprob = self.policy_old.act(state.unsqueeze(0))
        self.buffer.states.append(state)
        self.buffer.actions.append(action)
        self.buffer.logprobs.append(logprob)
        return action.flatten()

    def update(self):
        rewards, discounted = [], 0
        for reward, terminal in zip(reversed(self.buffer.rewards),
                                    reversed(self.buffer.is_terminals)):
            discounted = reward + (0 if terminal else self.gamma * discounted)
            rewards.insert(0, discounted)
        rewards = torch.tensor(rewards, dtype=torch.float32)
        rewards = (rewards - rewards.mean()) / (rewards.std() + 1e-7)
        states = torch.squeeze(torch.stack(self.buffer.states, dim=0)).detach()
        actions = torch.squeeze(torch.stack(self.buffer.actions, dim=0)).detach()
        old = torch.squeeze(torch.stack(self.buffer.logprobs, dim=0)).detach()
        for _ in range(self.k_epochs):
            logprobs, values, entropy = self.policy.evaluate(states, actions)
            values = torch.squeeze(values)
            ratios = torch.exp(logprobs - old)
            advantages = rewards - values.detach()
            surr1 = ratios * advantages
            surr2 = torch.clamp(ratios, 1 - self.eps_clip, 1 + self.eps_clip) * advantages
            loss = (-torch.min(surr1, surr2) + 0.5 * self.mse(values, rewards) - 0.01 * entropy)
            self.optimizer.zero_grad()
            loss.mean().backward()
            self.optimizer.step()
        self.policy_old.load_state_dict(self.policy.state_dict())
        self.buffer.clear()
        return loss.mean().item(), entropy.mean().item()


torch.manual_seed(0)
agent = PPO()
for episode in range(5):
    position, goal, total = torch.zeros(2), torch.rand(2) * 2 - 1, 0.0
    for t in range(25):
        action = agent.select_action(torch.cat([position, goal]))
        position = (position + 0.2 * action).clamp(-2, 2)
        distance = torch.dist(position, goal).item()
        agent.buffer.rewards.append(-distance)
        agent.buffer.is_terminals.append(t == 24)
        total -= distance
    loss, entropy = agent.update()
    print(f"episode {episode} return {total:.5f} loss {loss:.5f} entropy {entropy:.5f}")
actor = agent.policy.actor(torch.tensor([0.0, 0.0, 0.5, -0.5]))
print(actor, Normal(actor, 0.4).log_prob(torch.zeros(2)).sum())
