"""The smallest FastAPI app."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/hello")
async def hello() -> dict[str, str]:
    """Answer what is always answered."""
    return {"message": "hello"}
