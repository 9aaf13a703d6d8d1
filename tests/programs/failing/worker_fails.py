from torch.utils.data import DataLoader, Dataset


class Broken(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, i):
        return {"a": 1}["b"] if i == 5 else i


for batch in DataLoader(Broken(), batch_size=2, num_workers=1):
    print(batch)
